/** A form made of a JSON Schema: nothing in it knows a service. */

import { ActionIcon, Anchor, Button, Collapse, Group, Popover, Stack, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { IconArrowBackUp, IconChevronDown, IconChevronRight, IconInfoCircle } from '@tabler/icons-react'
import { useId, useState, type ReactNode } from 'react'

import type { Finding, Schema, Source, Values } from '../api/types'
import { formatQuantity } from '../format'
import { FieldInput } from './fields'
import { defaultOf, same, sectionsOf, type Field } from './schema'

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
  const render = (field: Field) => (
    <FieldRow key={field.name} field={field} standard={standardOf(field.name)} values={values} onChange={onChange} disabled={disabled} sibling={valueOf} mixed={mixed?.has(field.name) ?? false} findings={findings.filter((finding) => finding.parameter === field.name)} note={notes[field.name]} />
  )
  return (
    <Stack gap={nested ? 8 : 20}>
      {sections.map((section) => (
        <Stack key={section.title} gap={8} component="section" aria-label={section.title}>
          {!nested && <h3 className="section-title">{section.title}</h3>}
          {section.fields.map(render)}
          {section.advanced.length > 0 && <Folded fields={section.advanced} changed={section.advanced.some((field) => field.name in values || field.name in notes)} render={render} />}
        </Stack>
      ))}
    </Stack>
  )
}

function Folded({ fields, changed, render }: { fields: Field[]; changed: boolean; render: (field: Field) => ReactNode }) {
  const [open, setOpen] = useState(changed)
  return (
    <div>
      <UnstyledButton className="fold" onClick={() => setOpen(!open)} aria-expanded={open}>
        {open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />} More ({fields.length})
      </UnstyledButton>
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
  const wide = ['object', 'union', 'list', 'json', 'pattern', 'trace', 'numbers', 'definition'].includes(field.kind)
  const id = useId()
  return (
    <div className={wide ? 'field field-wide' : 'field'} data-changed={changed || undefined}>
      <Group gap={4} wrap="nowrap" className="field-label">
        <Text component={wide ? 'span' : 'label'} size="sm" htmlFor={wide ? undefined : id} id={`${id}-label`}>{title}</Text>
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
          {(typeof standard === 'number' || typeof standard === 'string' || typeof standard === 'boolean') && <Text size="xs" c="dimmed">Default: <code>{String(standard)}</code>{schema.unit && schema.unit !== '' ? ` ${schema.unit.replace('per_s', 'a second').replace('per_min', 'a minute')}` : ''}</Text>}
          {schema.changeable && <Text size="xs" c="dimmed">Can be changed while a run goes on{schema.propagation ? `; it acts ${formatQuantity(schema.propagation.delay_s, 's')} later. ${schema.propagation.note}` : '.'}</Text>}
          {schema.source && <SourceLine source={schema.source} />}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

