/** One input for each kind of value. Text is read when the field is left or Enter is pressed: one change, one step of undo. */

import { ActionIcon, Button, Group, JsonInput, Select, Stack, Switch, Text, TextInput, Textarea } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useEffect, useState } from 'react'

import type { Values } from '../api/types'
import { exactText, formatQuantity, parseQuantity } from '../format'
import { useEditor } from '../editor/store'
import { boundFault, defaultsOf, resolved, variantsOf, type Field } from './schema'
import { SchemaForm } from './SchemaForm'
import { TraceField } from './TraceField'

export interface InputProps {
  id: string
  label: string
  field: Field
  value: unknown
  onChange: (value: unknown) => void
  disabled: boolean
}

export function FieldInput(props: InputProps) {
  switch (props.field.kind) {
    case 'boolean':
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
    case 'json':
      return <JsonField {...props} />
    case 'trace':
      return <TraceField {...props} />
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

function QuantityInput({ id, label, field, value, onChange, disabled }: InputProps) {
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
  return (
    <TextInput
      id={id} size="xs" {...draft.bind} disabled={disabled} aria-label={label} placeholder={field.nullable ? 'none' : undefined} inputMode="text" autoComplete="off"
      rightSection={word && draft.text.length < 9 ? <span className="unit">{word}</span> : undefined} rightSectionWidth={word ? 14 + 7 * word.length : 0} rightSectionPointerEvents="none"
    />
  )
}

function TextField({ id, label, field, value, onChange, disabled }: InputProps) {
  const draft = useDraft(typeof value === 'string' ? value : '', (text) => {
    if (field.schema.minLength && text.length < field.schema.minLength) return 'Write something'
    if (field.schema.maxLength && text.length > field.schema.maxLength) return `At most ${field.schema.maxLength} characters`
    onChange(text)
    return null
  })
  return <TextInput id={id} size="xs" {...draft.bind} disabled={disabled} aria-label={label} autoComplete="off" />
}

function ChoiceInput({ id, label, field, value, onChange, disabled }: InputProps) {
  const choices = (field.schema.enum ?? []).map(String)
  return <Select id={id} size="xs" data={choices} value={value === null || value === undefined ? null : String(value)} onChange={(next) => onChange(next)} clearable={field.nullable} allowDeselect={false} disabled={disabled} aria-label={label} comboboxProps={{ withinPortal: true }} />
}

function NodeInput({ id, label, value, onChange, disabled }: InputProps) {
  const nodes = useEditor((state) => state.graph.nodes)
  const options = [{ value: '', label: 'any' }, ...nodes.map((node) => ({ value: node.id, label: node.name || node.id }))]
  return <Select id={id} size="xs" data={options} value={typeof value === 'string' ? value : ''} onChange={(next) => onChange(next ?? '')} disabled={disabled} aria-label={label} searchable />
}

function UnionInput({ id, label, field, value, onChange, disabled }: InputProps) {
  const { property, variants } = variantsOf(field)
  const values = (value ?? {}) as Values
  const tag = String(values[property] ?? variants[0]!.tag)
  const variant = variants.find((found) => found.tag === tag) ?? variants[0]!
  const choose = (next: string | null) => {
    const chosen = variants.find((found) => found.tag === next)
    if (chosen) onChange({ ...defaultsOf(chosen.schema, field.root), [property]: chosen.tag })
  }
  return (
    <Stack gap={8} className="nested">
      <Select id={id} size="xs" aria-label={label} data={variants.map((found) => ({ value: found.tag, label: found.title }))} value={tag} onChange={choose} allowDeselect={false} disabled={disabled} />
      <Text size="xs" c="dimmed">{variant.help}</Text>
      <SchemaForm
        nested schema={variant.schema} root={field.root} values={values} disabled={disabled}
        onChange={(name, next) => onChange({ ...values, [property]: tag, [name]: next === undefined ? defaultsOf(variant.schema, field.root)[name] : next })}
      />
    </Stack>
  )
}

function ObjectInput({ field, value, onChange, disabled }: InputProps) {
  const values = (value ?? {}) as Values
  return (
    <div className="nested">
      <SchemaForm nested schema={field.schema} root={field.root} values={values} disabled={disabled} onChange={(name, next) => onChange({ ...values, [name]: next === undefined ? defaultsOf(field.schema, field.root)[name] : next })} />
    </div>
  )
}

function ListInput({ field, value, onChange, disabled, label }: InputProps) {
  const items = Array.isArray(value) ? (value as Values[]) : []
  const schema = resolved(field.schema.items ?? {}, field.root).schema
  const least = field.schema.minItems ?? 0
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
          <SchemaForm nested schema={schema} root={field.root} values={item} disabled={disabled} onChange={(name, next) => replace(index, { ...item, [name]: next === undefined ? defaultsOf(schema, field.root)[name] : next })} />
        </div>
      ))}
      {!disabled && <Button size="compact-xs" variant="default" leftSection={<IconPlus size={13} />} onClick={add} aria-label={`Add to ${label}`}>Add</Button>}
    </Stack>
  )
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

function JsonField({ id, label, field, value, onChange, disabled }: InputProps) {
  const empty = value === null || value === undefined || (typeof value === 'object' && Object.keys(value as object).length === 0)
  const draft = useDraft(empty ? '' : JSON.stringify(value, null, 2), (text) => {
    if (text.trim() === '') {
      onChange(field.nullable ? null : (field.schema.default ?? {}))
      return null
    }
    try {
      onChange(JSON.parse(text))
      return null
    } catch (error) {
      return `Not JSON: ${(error as Error).message}`
    }
  })
  const { onChange: type, ...bind } = draft.bind
  return (
    <JsonInput id={id} size="xs" autosize minRows={2} maxRows={14} classNames={{ input: 'code' }} {...bind} onChange={(text) => type({ currentTarget: { value: text } })} disabled={disabled} aria-label={label} placeholder={field.nullable ? 'none' : '{}'} />
  )
}

