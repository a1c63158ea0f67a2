/** A form made of a JSON Schema: nothing in it knows a service. */

import { ActionIcon, Anchor, Collapse, Group, Popover, Stack, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { IconArrowBackUp, IconChevronDown, IconChevronRight, IconInfoCircle } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'

import type { Finding, Schema, Source, Values } from '../api/types'
import { FieldInput } from './fields'
import { defaultOf, same, sectionsOf, type Field } from './schema'

export interface FormProps {
  schema: Schema
  root?: Schema
  values: Values
  /** `undefined` means: back to the default. */
  onChange: (name: string, value: unknown) => void
  findings?: Finding[]
  disabled?: boolean
  /** Compact forms (inside lists and unions) have no headings. */
  nested?: boolean
}

export function SchemaForm({ schema, root = schema, values, onChange, findings = [], disabled = false, nested = false }: FormProps) {
  const sections = sectionsOf(schema, root)
  if (sections.length === 0) return nested ? null : <Text c="dimmed" size="sm">There is nothing to set here.</Text>
  const render = (field: Field) => (
    <FieldRow key={field.name} field={field} property={schema.properties![field.name]!} values={values} onChange={onChange} disabled={disabled} findings={findings.filter((finding) => finding.parameter === field.name)} />
  )
  return (
    <Stack gap={nested ? 8 : 20}>
      {sections.map((section) => (
        <Stack key={section.title} gap={8} component="section" aria-label={section.title}>
          {!nested && <h3 className="section-title">{section.title}</h3>}
          {section.fields.map(render)}
          {section.advanced.length > 0 && <Folded fields={section.advanced} changed={section.advanced.some((field) => field.name in values)} render={render} />}
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
  property: Schema
  values: Values
  onChange: (name: string, value: unknown) => void
  findings: Finding[]
  disabled: boolean
}

function FieldRow({ field, property, values, onChange, findings, disabled }: RowProps) {
  const standard = defaultOf(property, field.root)
  const value = field.name in values ? values[field.name] : standard
  const changed = field.name in values && !same(values[field.name], standard)
  const title = field.schema.title ?? field.name
  const change = (next: unknown) => onChange(field.name, same(next, standard) ? undefined : next)
  const wide = ['object', 'union', 'list', 'json', 'trace', 'numbers'].includes(field.kind)
  const id = `field-${field.name}`
  return (
    <div className={wide ? 'field field-wide' : 'field'} data-changed={changed || undefined}>
      <Group gap={4} wrap="nowrap" className="field-label">
        <Text component={wide ? 'span' : 'label'} size="sm" htmlFor={wide ? undefined : id} id={`${id}-label`}>{title}</Text>
        {changed && <Tooltip label="Differs from the default"><span className="changed-dot" role="img" aria-label="Differs from the default" /></Tooltip>}
        <About field={field} standard={standard} />
        {changed && !disabled && (
          <Tooltip label="Back to the default"><ActionIcon variant="subtle" color="gray" size="xs" aria-label={`Reset ${title} to its default`} onClick={() => onChange(field.name, undefined)}><IconArrowBackUp size={13} /></ActionIcon></Tooltip>
        )}
      </Group>
      <div className="field-input">
        <FieldInput id={id} field={field} value={value} onChange={change} disabled={disabled} label={title} />
      </div>
      {findings.map((finding) => <Text key={finding.code + finding.message} size="xs" className={`finding-${finding.severity} field-finding`}>{finding.message}{finding.hint ? `. ${finding.hint}` : ''}</Text>)}
    </div>
  )
}

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
          {schema.changeable && <Text size="xs" c="dimmed">Can be changed while a run goes on.</Text>}
          {schema.source && <SourceLine source={schema.source} />}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

