/** A pattern as rows and as JSON beside each other, each following the other, and below which messages match. */

import { ActionIcon, Autocomplete, Button, Group, Select, Text } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useMemo, useState } from 'react'

import CodeEditor from '../definitions/CodeEditor'
import { jsonText } from '../definitions/jsonPlace'
import { fieldsOf, patternSchema, type Message, type Sight } from './messages'
import { MatchTester } from './MatchTester'
import { BARE, OPERATORS, patternOf, rowsOf, type Operator, type Pattern, type Row } from './rows'

interface Props { pattern: Pattern | null; sight: Sight; messages: readonly Message[]; label: string; disabled: boolean; onApply: (pattern: unknown) => void; onClose: () => void }

const textOf = (pattern: Pattern | null) => (pattern ? jsonText(pattern) : '')

function read(text: string): { pattern: Pattern | null; fault: string | null } {
  if (text.trim() === '') return { pattern: null, fault: null }
  try {
    const parsed = JSON.parse(text) as unknown
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return { pattern: null, fault: 'A pattern is a JSON object' }
    return { pattern: Object.keys(parsed).length ? (parsed as Pattern) : null, fault: null }
  } catch (error) {
    return { pattern: null, fault: `Not JSON: ${(error as Error).message}` }
  }
}

/** What a row's value may look like. */
const EXAMPLES: Partial<Record<Operator, string>> = { is: 'order, refund', 'is-not': 'test', numeric: '>= 10, < 20', cidr: '10.0.0.0/24', wildcard: 'eu-*', prefix: 'eu-', suffix: '.png' }

export default function PatternEditor({ pattern, sight, messages, label, disabled, onApply, onClose }: Props) {
  const flat = sight === 'attributes'
  const [text, setText] = useState(() => textOf(pattern))
  const [rows, setRows] = useState<Row[] | null>(() => rowsOf(pattern, flat))
  const fields = useMemo(() => fieldsOf(messages, sight), [messages, sight])
  const schema = useMemo(() => patternSchema(messages, sight), [messages, sight])
  const now = read(text)
  const built = rows && patternOf(rows, flat)
  const faults = built?.faults ?? {}
  const fault = now.fault ?? (Object.keys(faults).length ? 'Some rows are not complete' : null)
  const changed = text !== textOf(pattern) || fault !== null

  const changeRows = (next: Row[]) => {
    setRows(next)
    setText(textOf(patternOf(next, flat).pattern))
  }
  const changeText = (next: string) => {
    if (next === text) return
    setText(next)
    const { pattern: parsed, fault: wrong } = read(next)
    if (wrong === null) setRows(rowsOf(parsed, flat))
  }
  const set = (index: number, change: Partial<Row>) => changeRows(rows!.map((row, place) => (place === index ? { ...row, ...change } : row)))

  return (
    <>
      <div className="pattern-editor">
        <section aria-label="As rows">
          <h3 className="section-title">All of these hold</h3>
          {rows === null && <Text size="sm" c="dimmed">This pattern says something that rows cannot: alternatives of fields ($or), or a condition within another. Change it as JSON.</Text>}
          {rows?.length === 0 && <Text size="sm" c="dimmed">Without a condition, every message matches.</Text>}
          {rows?.map((row, index) => {
            const name = `Condition ${index + 1}`
            const values = [...(fields.get(row.path) ?? [])].map(String)
            return (
              <div className="pattern-row" key={index} role="group" aria-label={name}>
                <span className="pattern-joint">{index === 0 ? '' : rows[index - 1]!.path === row.path ? 'or' : 'and'}</span>
                <Autocomplete size="xs" aria-label={`${name}: field`} placeholder="field" data={[...fields.keys()]} value={row.path} disabled={disabled} onChange={(path) => set(index, { path })} />
                <Select size="xs" aria-label={`${name}: operator`} data={Object.entries(OPERATORS).map(([value, words]) => ({ value, label: words }))} value={row.operator} allowDeselect={false} disabled={disabled} onChange={(operator) => { if (operator) set(index, { operator: operator as Operator }) }} />
                {BARE.has(row.operator) ? <span /> : <Autocomplete size="xs" aria-label={`${name}: value`} placeholder={EXAMPLES[row.operator] ?? 'value'} data={row.operator === 'is' || row.operator === 'is-not' ? values : []} value={row.value} disabled={disabled} onChange={(value) => set(index, { value })} error={row.path && row.value ? faults[index] : undefined} />}
                {!disabled && <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Remove ${name.toLowerCase()}`} onClick={() => changeRows(rows.filter((_, place) => place !== index))}><IconTrash size={14} /></ActionIcon>}
              </div>
            )
          })}
          {rows && !disabled && <Button size="compact-xs" variant="default" leftSection={<IconPlus size={13} />} onClick={() => changeRows([...rows, { path: '', operator: 'is', value: '' }])}>Add a condition</Button>}
        </section>
        <section aria-label="As JSON">
          <h3 className="section-title">As JSON</h3>
          <CodeEditor inline text={text} label={`${label} as JSON`} disabled={disabled} schema={schema} onChange={changeText} />
          {now.fault && <Text size="xs" className="finding-error" role="alert">{now.fault}</Text>}
        </section>
      </div>
      <MatchTester pattern={now.fault ? undefined : now.pattern} sight={sight} messages={messages} />
      <Group justify="flex-end" gap="sm" mt="md">
        {fault && <Text size="xs" c="dimmed" role="status">{fault}</Text>}
        <Button size="xs" variant="default" onClick={onClose}>{disabled || !changed ? 'Close' : 'Discard changes'}</Button>
        {!disabled && <Button size="xs" disabled={!changed || fault !== null} onClick={() => { onApply(now.pattern); onClose() }}>Apply</Button>}
      </Group>
    </>
  )
}
