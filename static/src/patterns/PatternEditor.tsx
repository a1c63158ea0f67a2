/** A pattern, or a list of patterns, as rows and as JSON beside each other, each following the other, and below which messages match. */

import { Button, Group, Text } from '@mantine/core'
import { useMemo, useState } from 'react'

import type { Schema } from '../api/types'
import CodeEditor from '../definitions/CodeEditor'
import { jsonText } from '../definitions/jsonPlace'
import { fieldsOf, patternSchema, type Message, type Sight } from './messages'
import { MatchTester } from './MatchTester'
import { PatternRows } from './PatternRows'
import { NO_ROWS, patternOf, patternsOf, rowsOf, rowsOfMany, type Pattern, type Rows } from './rows'

type Said = Pattern | Pattern[] | null

interface Props { pattern: Said; /** The widget of the field: what sort of pattern it is. */ kind: string; sight: Sight; messages: readonly Message[]; label: string; disabled: boolean; onApply: (pattern: unknown) => void; onClose: () => void }

const isEmpty = (pattern: Said) => pattern === null || Object.keys(pattern).length === 0

const textOf = (pattern: Said) => (isEmpty(pattern) ? '' : jsonText(pattern))

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

function read(text: string, many: boolean): { pattern: Said; fault: string | null } {
  const none = many ? [] : null
  if (text.trim() === '') return { pattern: none, fault: null }
  try {
    const parsed = JSON.parse(text) as Said
    if (many && !(Array.isArray(parsed) && parsed.every(isObject))) return { pattern: none, fault: 'Write a list of patterns, each a JSON object' }
    if (!many && !isObject(parsed)) return { pattern: none, fault: 'A pattern is a JSON object' }
    return { pattern: isEmpty(parsed) ? none : parsed, fault: null }
  } catch (error) {
    return { pattern: none, fault: `Not JSON: ${(error as Error).message}` }
  }
}

export default function PatternEditor({ pattern, kind, sight, messages, label, disabled, onApply, onClose }: Props) {
  const flat = sight === 'attributes'
  const many = Array.isArray(pattern)
  const rowsIn = (said: Said) => (Array.isArray(said) ? rowsOfMany(said) : rowsOf(said, flat))
  const build = (said: Rows) => (many ? patternsOf(said) : patternOf(said, flat))
  const [text, setText] = useState(() => textOf(pattern))
  const [rows, setRows] = useState<Rows | null>(() => rowsIn(pattern))
  const fields = useMemo(() => fieldsOf(messages, sight), [messages, sight])
  const schema = useMemo((): Schema => (many ? { type: 'array', items: patternSchema(messages, sight) } : patternSchema(messages, sight)), [messages, sight, many])
  const now = read(text, many)
  const faults = build(rows ?? NO_ROWS).faults
  const fault = now.fault ?? (faults.size ? 'Some rows are not complete' : null)
  const changed = text !== textOf(pattern) || fault !== null

  const changeRows = (next: Rows) => {
    setRows(next)
    setText(textOf(build(next).pattern))
  }
  const changeText = (next: string) => {
    if (next === text) return
    setText(next)
    const { pattern: parsed, fault: wrong } = read(next, many)
    if (wrong === null) setRows(rowsIn(parsed))
  }

  return (
    <>
      <div className="pattern-editor">
        <section aria-label="As rows">
          {rows === null
            ? <Text size="sm" c="dimmed">This pattern says something that rows cannot: alternatives within alternatives, or a condition within another. Change it as JSON.</Text>
            : <PatternRows rows={rows} many={many} fields={fields} faults={faults} disabled={disabled} change={changeRows} />}
        </section>
        <section aria-label="As JSON">
          <h3 className="section-title">As JSON</h3>
          <CodeEditor inline text={text} label={`${label} as JSON`} disabled={disabled} schema={schema} onChange={changeText} />
          {now.fault && <Text size="xs" className="finding-error" role="alert">{now.fault}</Text>}
        </section>
      </div>
      <MatchTester pattern={now.fault ? undefined : now.pattern} kind={kind} sight={sight} messages={messages} />
      <Group justify="flex-end" gap="sm" mt="md">
        {fault && <Text size="xs" c="dimmed" role="status">{fault}</Text>}
        <Button size="xs" variant="default" onClick={onClose}>{disabled || !changed ? 'Close' : 'Discard changes'}</Button>
        {!disabled && <Button size="xs" disabled={!changed || fault !== null} onClick={() => { onApply(now.pattern); onClose() }}>Apply</Button>}
      </Group>
    </>
  )
}
