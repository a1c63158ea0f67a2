/** A form made of a JSON Schema: nothing in it knows a service. */

import { ActionIcon, Anchor, Button, Collapse, Group, Popover, Stack, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { IconArrowBackUp, IconChevronDown, IconChevronRight, IconInfoCircle } from '@tabler/icons-react'
import { useId, useState, type ReactNode } from 'react'

import type { Finding, Schema, Source, Values } from '../api/types'
import { exactText, formatQuantity } from '../format'
import { FieldInput } from './fields'
import { defaultOf, same, sectionsOf, type Field } from './schema'
import { valueWords } from './words'

export interface FormProps {
  schema: Schema
  root?: Schema
  values: Values
  /** Fields in which the things that this form is of differ. */
  mixed?: ReadonlySet<string>
  /** Defaults that go before those of the schema: what a part is where the whole it belongs to is at its default. */
  standards?: Values | undefined
  /** `undefined` means: back to the default. */
  onChange: (name: string, value: unknown) => void
  findings?: Finding[]
  /** What is to be said under a field, by its name. */
  notes?: Readonly<Record<string, string>>
  disabled?: boolean
  /** Compact forms (inside lists and unions) have no headings. */
  nested?: boolean
}

export function SchemaForm({ schema, root = schema, values, mixed, standards, onChange, findings = [], notes = {}, disabled = false, nested = false }: FormProps) {
  const sections = sectionsOf(schema, root)
  if (sections.length === 0) return nested ? null : <Text c="dimmed" size="sm">There is nothing to set here.</Text>
  const standardOf = (name: string) => (standards && name in standards ? standards[name] : schema.properties?.[name] && defaultOf(schema.properties[name], root))
  const valueOf = (name: string) => (name in values ? values[name] : standardOf(name))
  const isChanged = ({ name }: Field) => name in notes || (name in values && !same(values[name], standardOf(name)))
  const render = (field: Field) => (
    <FieldRow key={field.name} field={field} standard={standardOf(field.name)} values={values} onChange={onChange} disabled={disabled} sibling={valueOf} mixed={mixed?.has(field.name) ?? false} findings={findings.filter((finding) => finding.parameter === field.name)} note={notes[field.name]} />
  )
  return (
    <Stack gap={nested ? 8 : 20}>
      {sections.map((section) => (
        <Stack key={section.title} gap={8} component="section" aria-label={section.title}>
          {!nested && section.fields.length > 0 && <h3 className="section-title">{section.title}</h3>}
          {section.fields.map(render)}
          {section.advanced.length > 0 && <Folded title={nested || section.fields.length > 0 ? null : section.title} fields={section.advanced} changed={section.advanced.some(isChanged)} render={render} />}
        </Stack>
      ))}
    </Stack>
  )
}

/** What few people change; where a section has nothing else, its `title` opens it. */
function Folded({ title, fields, changed, render }: { title: string | null; fields: Field[]; changed: boolean; render: (field: Field) => ReactNode }) {
  const [open, setOpen] = useState(changed)
  const toggle = (
    <UnstyledButton className="fold" onClick={() => setOpen(!open)} aria-expanded={open}>
      {open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />} {title ?? 'More'} ({fields.length})
    </UnstyledButton>
  )
  return (
    <div>
      {title === null ? toggle : <h3 className="section-title">{toggle}</h3>}
      <Collapse expanded={open}><Stack gap={8} pt={8}>{open && fields.map(render)}</Stack></Collapse>
    </div>
  )
}

interface RowProps {
  field: Field
  standard: unknown
  values: Values
  onChange: (name: string, value: unknown) => void
  findings: Finding[]
  note: string | undefined
  disabled: boolean
  sibling: (name: string) => unknown
  mixed: boolean
}

function FieldRow({ field, standard, values, onChange, findings, note, disabled, sibling, mixed }: RowProps) {
  const value = field.name in values ? values[field.name] : standard
  const changed = mixed || (field.name in values && !same(values[field.name], standard))
  const title = field.schema.title ?? field.name
  const change = (next: unknown) => onChange(field.name, same(next, standard) ? undefined : next)
  const apart = mixed && !PLAIN.has(field.kind)
  const width = widthOf(field, value)
  const labelled = width !== 'wide' || field.kind === 'choice' || field.kind === 'string'
  const id = useId()
  return (
    <div className={width ? `field field-${width}` : 'field'} data-changed={changed || undefined}>
      <Group gap={4} wrap="nowrap" className="field-label">
        <Text component={labelled ? 'label' : 'span'} size="sm" htmlFor={labelled ? id : undefined} id={`${id}-label`}>{title}</Text>
        {changed && !mixed && <Tooltip label="Differs from the default"><span className="changed-dot" role="img" aria-label="Differs from the default" /></Tooltip>}
        {mixed && (apart || field.kind === 'boolean') && <span className="mixed">mixed</span>}
        <About field={field} standard={standard} />
        {changed && !disabled && (
          <Tooltip label="Back to the default"><ActionIcon variant="subtle" color="gray" size="xs" aria-label={`Reset ${title} to its default`} onClick={() => onChange(field.name, undefined)}><IconArrowBackUp size={13} /></ActionIcon></Tooltip>
        )}
      </Group>
      <div className="field-input">
        {apart
          ? <Button size="compact-xs" variant="default" disabled={disabled} onClick={() => change(value)} aria-label={`Give all the ${title} of the first`}>As the first, for all</Button>
          : <FieldInput id={id} field={field} value={mixed ? undefined : value} mixed={mixed} standard={standard} onChange={change} disabled={disabled} label={title} sibling={sibling} />}
      </div>
      {note && <Text size="xs" className="field-finding field-pending" role="status">{note}</Text>}
      {findings.map((finding) => <Text key={finding.code + finding.message} size="xs" className={`finding-${finding.severity} field-finding`}>{finding.message}{finding.hint ? `. ${finding.hint}` : ''}</Text>)}
    </div>
  )
}

/** How many letters of a choice can be read in a field of the usual width, and in one that leaves its label less. */
const [MOST_LETTERS, MOST_ROOMY] = [12, 17]

/** Whether a field stands below its label, or beside it with more room than is usual. */
function widthOf({ kind, schema }: Field, value: unknown): 'wide' | 'roomy' | null {
  if (WIDE.has(kind) || schema.widget === 'code') return 'wide'
  const said = kind === 'choice' ? (schema.enum ?? []) : kind === 'string' ? [schema.default ?? '', value ?? ''] : []
  const longest = Math.max(0, ...said.map((text) => String(text).length))
  return longest > MOST_ROOMY ? 'wide' : longest > MOST_LETTERS ? 'roomy' : null
}

const WIDE: ReadonlySet<Field['kind']> = new Set(['object', 'union', 'list', 'json', 'pattern', 'trace', 'numbers', 'strings', 'definition'])

/** Kinds of fields that can stand empty while what they are of differs. */
const PLAIN: ReadonlySet<Field['kind']> = new Set(['number', 'integer', 'boolean', 'string', 'choice', 'node'])

const CONFIDENCE = { R: 'read in AWS documentation', T: 'read in a third-party text', D: 'derived', M: 'not published: an assumption, to be changed' }

export function SourceLine({ source }: { source: Source }) {
  return (
    <Text size="xs" c="dimmed">
      Source: {source.url ? <Anchor href={source.url} target="_blank" rel="noreferrer" size="xs">{source.title}</Anchor> : source.title}, {source.checked}; {CONFIDENCE[source.confidence]}.
    </Text>
  )
}

/** A default short enough to be told in a line. */
const isSaid = (standard: unknown) => typeof standard === 'number' || typeof standard === 'boolean' || (typeof standard === 'string' && standard.length < 60)

function About({ field, standard }: { field: Field; standard: unknown }) {
  const { schema } = field
  return (
    <Popover width={300} position="left-start" shadow="sm" withArrow trapFocus>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" size="xs" aria-label={`About ${schema.title ?? field.name}`} className="about"><IconInfoCircle size={14} /></ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap={6}>
          <Text size="sm">{schema.description ?? 'No description.'}</Text>
          {schema.aws_name && <Text size="xs" c="dimmed">In AWS: <code>{schema.aws_name}</code></Text>}
          {isSaid(standard) && <Text size="xs" c="dimmed">Default: <code>{standard === '' ? 'empty' : typeof standard === 'number' ? exactText(standard, schema.unit ?? '') : valueWords(standard)}</code></Text>}
          {schema.changeable && <Text size="xs" c="dimmed">Can be changed while a run goes on{schema.propagation ? `; it acts ${formatQuantity(schema.propagation.delay_s, 's')} later. ${schema.propagation.note}` : '.'}</Text>}
          {schema.source && <SourceLine source={schema.source} />}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

