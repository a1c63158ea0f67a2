/** One input for each kind of value. Text is read when the field is left or Enter is pressed: one change, one step of undo. */

import { ActionIcon, Autocomplete, Button, Checkbox, Group, Select, Stack, Switch, Text, TextInput, Textarea } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useEffect, useState } from 'react'

import type { Values } from '../api/types'
import { exactText, formatQuantity, parseQuantity } from '../format'
import { useEditor } from '../editor/store'
import { boundFault, choiceWords, chosenOf, defaultsOf, resolved, variantsOf, type Field } from './schema'
import { SchemaForm } from './SchemaForm'
import { DefinitionField } from '../definitions/DefinitionField'
import { DistributionDrawing } from './DistributionDrawing'
import { PatternField } from '../patterns/PatternField'
import { JsonField } from './JsonField'
import { TraceField } from './TraceField'

export interface InputProps {
  id: string
  label: string
  field: Field
  value: unknown
  /** What the value is by default. */
  standard: unknown
  onChange: (value: unknown) => void
  disabled: boolean
  /** Whether the things that are set differ in this: then there is no value. */
  mixed: boolean
  /** The value of another field of the same form. */
  sibling: (name: string) => unknown
}

export function FieldInput(props: InputProps) {
  switch (props.field.kind) {
    case 'boolean':
      if (props.mixed) return <Checkbox id={props.id} size="xs" indeterminate checked={false} disabled={props.disabled} onChange={() => props.onChange(true)} aria-label={props.label} />
      return <Switch id={props.id} size="sm" checked={Boolean(props.value)} disabled={props.disabled} onChange={(event) => props.onChange(event.currentTarget.checked)} aria-label={props.label} />
    case 'choice':
      return <ChoiceInput {...props} />
    case 'number':
    case 'integer':
      return <QuantityInput {...props} />
    case 'union':
      return <UnionInput {...props} />
    case 'object':
      return <ObjectInput {...props} />
    case 'list':
      return <ListInput {...props} />
    case 'numbers':
      return <NumbersInput {...props} />
    case 'strings':
      return <StringsInput {...props} />
    case 'json':
      return <JsonField {...props} />
    case 'pattern':
      return <PatternField {...props} />
    case 'trace':
      return <TraceField {...props} />
    case 'definition':
      return <DefinitionField {...props} />
    case 'node':
      return <NodeInput {...props} />
    default:
      return <TextField {...props} />
  }
}

/** Text that is handed on when the field is left or Enter is pressed; Escape takes it back. */
function useDraft(shown: string, commit: (text: string) => string | null) {
  const [text, setText] = useState(shown)
  const [fault, setFault] = useState<string | null>(null)
  useEffect(() => {
    setText(shown)
    setFault(null)
  }, [shown])
  const take = () => {
    if (text === shown && fault === null) return
    setFault(commit(text))
  }
  return {
    text, fault,
    bind: {
      value: text,
      error: fault,
      onChange: (event: { currentTarget: { value: string } }) => setText(event.currentTarget.value),
      onBlur: take,
      onKeyDown: (event: React.KeyboardEvent) => {
        if (event.key === 'Enter' && !(event.target instanceof HTMLTextAreaElement)) take()
        if (event.key === 'Escape') {
          setText(shown)
          setFault(null)
        }
        event.stopPropagation()
      },
    },
  }
}

const UNIT_WORDS: Record<string, string> = { s: 'duration', bytes: 'size', per_s: 'rate', per_min: 'rate', share: 'share', usd: 'USD', count: '', messages: 'messages', times: 'times' }

/** How many letters of number and unit stand beside each other in a field. */
const MOST_LETTERS = 13

function QuantityInput({ id, label, field, value, onChange, disabled, mixed }: InputProps) {
  const unit = field.schema.unit ?? ''
  const shown = typeof value === 'number' ? exactText(value, unit) : typeof value === 'string' && field.words.includes(value) ? value : ''
  const draft = useDraft(shown, (text) => {
    const said = field.words.find((known) => known === text.trim().toLowerCase())
    if (said !== undefined) {
      onChange(said)
      return null
    }
    if (text.trim() === '') {
      if (!field.nullable) return `Give a value, for example ${formatQuantity(typeof field.schema.default === 'number' ? field.schema.default : 1, unit)}`
      onChange(null)
      return null
    }
    const parsed = parseQuantity(text, unit)
    if (!parsed.ok) return field.words.length > 0 ? `${parsed.message}, or ${field.words.join(', ')}` : parsed.message
    const wanted = field.kind === 'integer' ? Math.round(parsed.value * 1e6) / 1e6 : parsed.value
    const fault = boundFault(wanted, field.schema, field.kind === 'integer', (bound) => formatQuantity(bound, unit))
    if (fault === null) onChange(wanted)
    return fault
  })
  const word = UNIT_WORDS[unit] ?? unit
  const roomy = word !== '' && draft.text.length + word.length <= MOST_LETTERS
  const shared = { id, size: 'xs', disabled, 'aria-label': label, inputMode: 'text', autoComplete: 'off' } as const
  if (field.words.length > 0) {
    const { onChange: type, ...bind } = draft.bind
    // Its label stands beside it; said again here, it would name the list of words, too.
    const { 'aria-label': _, ...unnamed } = shared
    return <Autocomplete {...unnamed} {...bind} data={field.words} filter={({ options }) => options} onChange={(text) => type({ currentTarget: { value: text } })} onOptionSubmit={(text) => onChange(text)} />
  }
  return (
    <TextInput
      {...shared} {...draft.bind} placeholder={mixed ? 'mixed' : field.nullable ? 'none' : undefined}
      rightSection={roomy ? <span className="unit">{word}</span> : undefined} rightSectionWidth={roomy ? 14 + 7 * word.length : 0} rightSectionPointerEvents="none"
    />
  )
}

function TextField({ id, label, field, value, onChange, disabled, mixed }: InputProps) {
  const draft = useDraft(typeof value === 'string' ? value : '', (text) => {
    if (field.schema.minLength && text.length < field.schema.minLength) return 'Write something'
    if (field.schema.maxLength && text.length > field.schema.maxLength) return `At most ${field.schema.maxLength} characters`
    onChange(text)
    return null
  })
  if (field.schema.widget === 'code')
    return <Textarea id={id} size="xs" autosize minRows={6} maxRows={24} classNames={{ input: 'code' }} spellCheck={false} {...draft.bind} disabled={disabled} aria-label={label} />
  return <TextInput id={id} size="xs" {...draft.bind} disabled={disabled} aria-label={label} autoComplete="off" placeholder={mixed ? 'mixed' : undefined} />
}

function ChoiceInput({ id, label, field, value, onChange, disabled, mixed }: InputProps) {
  const choices = field.schema.enum ?? []
  return <Select id={id} size="xs" data={choices.map((choice) => ({ value: String(choice), label: choiceWords(String(choice)) }))} value={value === null || value === undefined ? null : String(value)} onChange={(next) => onChange(chosenOf(choices, next))} placeholder={mixed ? 'mixed' : field.nullable ? 'none' : undefined} clearable={field.nullable} allowDeselect={false} disabled={disabled} aria-label={label} comboboxProps={{ withinPortal: true }} />
}

function NodeInput({ id, label, value, onChange, disabled, mixed }: InputProps) {
  const nodes = useEditor((state) => state.graph.nodes)
  const options = [{ value: '', label: 'any' }, ...nodes.map((node) => ({ value: node.id, label: node.name || node.id }))]
  return <Select id={id} size="xs" data={options} value={typeof value === 'string' ? value : mixed ? null : ''} placeholder={mixed ? 'mixed' : undefined} onChange={(next) => onChange(next ?? '')} disabled={disabled} aria-label={label} searchable />
}

/** The choice of nothing, where a union may be empty; no kind of anything is called so. */
const NONE = '-'

function UnionInput({ id, label, field, value, standard, onChange, disabled }: InputProps) {
  const { property, variants } = variantsOf(field)
  const values = (value ?? {}) as Values
  const usual = (standard ?? {}) as Values
  const none = field.nullable && (value === null || value === undefined)
  const tag = none ? NONE : String(values[property] ?? variants[0]!.tag)
  const variant = none ? undefined : variants.find((found) => found.tag === tag) ?? variants[0]!
  const standards = variant && { ...defaultsOf(variant.schema, field.root), ...(usual[property] === variant.tag ? usual : {}) }
  const choose = (next: string | null) => {
    const chosen = variants.find((found) => found.tag === next)
    if (chosen) onChange({ ...defaultsOf(chosen.schema, field.root), ...(usual[property] === chosen.tag ? usual : {}), [property]: chosen.tag })
    else if (next === NONE) onChange(null)
  }
  const choices = [...(field.nullable ? [{ value: NONE, label: 'none' }] : []), ...variants.map((found) => ({ value: found.tag, label: found.title }))]
  return (
    <Stack gap={8} className="nested">
      <Select id={id} size="xs" aria-label={label} data={choices} value={tag} onChange={choose} allowDeselect={false} disabled={disabled} />
      {variant && <Text size="xs" c="dimmed">{variant.help}</Text>}
      {variant && field.schema.widget === 'distribution' && <DistributionDrawing label={label} values={{ ...standards, ...values, [property]: tag }} />}
      {variant && <SchemaForm
        nested schema={variant.schema} root={field.root} values={values} standards={standards} disabled={disabled}
        onChange={(name, next) => onChange({ ...values, [property]: tag, [name]: next === undefined ? standards![name] : next })}
      />}
    </Stack>
  )
}

function ObjectInput({ field, value, standard, onChange, disabled }: InputProps) {
  const values = (value ?? {}) as Values
  const standards = { ...defaultsOf(field.schema, field.root), ...((standard ?? {}) as Values) }
  return (
    <div className="nested">
      <SchemaForm nested schema={field.schema} root={field.root} values={values} standards={standards} disabled={disabled} onChange={(name, next) => onChange({ ...values, [name]: next === undefined ? standards[name] : next })} />
    </div>
  )
}

function ListInput({ field, value, standard, onChange, disabled, label }: InputProps) {
  const items = Array.isArray(value) ? (value as Values[]) : []
  const schema = resolved(field.schema.items ?? {}, field.root).schema
  const least = field.schema.minItems ?? 0
  const usual = Array.isArray(standard) ? (standard as Values[]) : []
  const standardsOf = (index: number): Values => ({ ...defaultsOf(schema, field.root), ...usual[index] })
  const replace = (index: number, item: Values) => onChange(items.map((old, place) => (place === index ? item : old)))
  const add = () => {
    const made = defaultsOf(schema, field.root)
    const names = new Set(items.map((item) => item['name']))
    if (typeof made['name'] === 'string') {
      for (let number = items.length + 1; names.has(made['name']); number += 1) made['name'] = `${schema.properties?.['name']?.default ?? 'item'} ${number}`
    }
    onChange([...items, made])
  }
  return (
    <Stack gap={8}>
      {items.map((item, index) => (
        <div key={index} className="nested list-item">
          <Group justify="space-between" mb={4}>
            <Text size="xs" fw={600}>{typeof item['name'] === 'string' ? item['name'] : `${label} ${index + 1}`}</Text>
            {!disabled && items.length > least && (
              <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Remove ${typeof item['name'] === 'string' ? item['name'] : index + 1}`} onClick={() => onChange(items.filter((_, place) => place !== index))}><IconTrash size={13} /></ActionIcon>
            )}
          </Group>
          <SchemaForm nested schema={schema} root={field.root} values={item} standards={standardsOf(index)} disabled={disabled} onChange={(name, next) => replace(index, { ...item, [name]: next === undefined ? standardsOf(index)[name] : next })} />
        </div>
      ))}
      {!disabled && <Button size="compact-xs" variant="default" leftSection={<IconPlus size={13} />} onClick={add} aria-label={`Add to ${label}`}>Add</Button>}
    </Stack>
  )
}

/** Several texts, one in a line. */
function StringsInput({ id, label, field, value, onChange, disabled }: InputProps) {
  const draft = useDraft(Array.isArray(value) ? value.join('\n') : '', (text) => {
    const lines = text.split('\n').map((line) => line.trim()).filter(Boolean)
    if (lines.length < (field.schema.minItems ?? 0)) return 'Write at least one, each in a line of its own'
    if (lines.length > (field.schema.maxItems ?? Infinity)) return `At most ${field.schema.maxItems}`
    onChange(lines.length === 0 && field.nullable ? null : lines)
    return null
  })
  return <Textarea id={id} size="xs" autosize minRows={1} maxRows={8} spellCheck={false} placeholder="One in a line" {...draft.bind} disabled={disabled} aria-label={label} />
}

function NumbersInput({ id, label, field, value, onChange, disabled }: InputProps) {
  const draft = useDraft(Array.isArray(value) ? value.join(', ') : '', (text) => {
    const parts = text.split(/[\s,;]+/).filter(Boolean)
    const wrong = parts.find((part) => !Number.isFinite(Number(part)))
    if (wrong !== undefined) return `“${wrong}” is no number; separate numbers by commas`
    if (parts.length < (field.schema.minItems ?? 0)) return 'Give at least one number'
    onChange(parts.map(Number))
    return null
  })
  return <Textarea id={id} size="xs" autosize minRows={1} maxRows={6} {...draft.bind} disabled={disabled} aria-label={label} />
}
