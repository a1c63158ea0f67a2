/** A filter policy or event pattern in a form: what it asks for, which of the diagram's messages match, and an editor of its own. */

import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { IconFilter } from '@tabler/icons-react'
import { lazy, Suspense, useMemo, useState } from 'react'

import { useCatalog } from '../api/catalog'
import { useEditor } from '../editor/store'
import type { InputProps } from '../forms/fields'
import { messagesTo, widgetOf, type Sight } from './messages'
import './patterns.css'
import { rowsOf, rowsOfMany, sentencesOf, type Pattern } from './rows'

const PatternEditor = lazy(() => import('./PatternEditor'))

const MOST_SHOWN = 4

const SIGHTS: Readonly<Record<string, Sight>> = { event_pattern: 'event', record_pattern: 'record', data_pattern: 'data', value_pattern: 'value', record_patterns: 'record', data_patterns: 'data', value_patterns: 'value' }

/** What a pattern looks at; a policy says so in a field beside it. */
const sightOf = ({ field, sibling }: InputProps, widget: string): Sight => SIGHTS[widget] ?? (sibling(`${field.name}_scope`) === 'MessageBody' ? 'body' : 'attributes')

/** The node whose messages a selected node or wire sees. */
function useReceiver(): string | null {
  return useEditor(({ selection, graph }) => [...selection.nodes][0] ?? graph.wires.find((wire) => selection.wires.has(wire.id))?.from.node ?? null)
}

export function PatternField(props: InputProps) {
  const { id, label, value, onChange, disabled } = props
  const [open, setOpen] = useState(false)
  const many = props.field.schema.type === 'array'
  const pattern = (value ?? (many ? [] : null)) as Pattern | Pattern[] | null
  const graph = useEditor((state) => state.graph)
  const services = useCatalog((state) => state.services)
  const receiver = useReceiver()
  const widget = widgetOf(props.field.schema, graph.wires, receiver)
  const sight = sightOf(props, widget)
  const messages = useMemo(() => messagesTo(graph, services, receiver), [graph, services, receiver])
  return (
    <Stack gap={6}>
      <Summary pattern={pattern} flat={sight === 'attributes'} />
      <Group gap={6}>
        <Button id={id} size="compact-xs" variant="default" leftSection={<IconFilter size={13} />} onClick={() => setOpen(true)}>{disabled ? 'View' : 'Edit'} {label.toLowerCase()}</Button>
      </Group>
      <Modal opened={open} onClose={() => setOpen(false)} title={label} size="min(1080px, 94vw)" closeOnClickOutside={false}>
        <div onKeyDown={(event) => event.stopPropagation()}>
          <Suspense fallback={<Text size="sm" c="dimmed" role="status">Loading the editor…</Text>}>
            <PatternEditor pattern={pattern} kind={widget} sight={sight} messages={messages} label={label} disabled={disabled} onApply={onChange} onClose={() => setOpen(false)} />
          </Suspense>
        </div>
      </Modal>
    </Stack>
  )
}

function Summary({ pattern, flat }: { pattern: Pattern | Pattern[] | null; flat: boolean }) {
  if (!pattern || (Array.isArray(pattern) && pattern.length === 0)) return <Text size="xs" c="dimmed">None: every message matches.</Text>
  const rows = Array.isArray(pattern) ? rowsOfMany(pattern) : rowsOf(pattern, flat)
  if (!rows) return <pre className="code pattern-summary">{JSON.stringify(pattern, null, 1)}</pre>
  const lead = rows.either.length < 2 ? '' : rows.all.length ? 'and one of: ' : 'one of: '
  const said = [...sentencesOf(rows.all), ...rows.either.map((some, place) => `${place === 0 ? lead : 'or else '}${sentencesOf(some).join(', ')}`)]
  return (
    <ul className="pattern-summary">
      {said.slice(0, MOST_SHOWN).map((one, index) => <li key={index}>{one}</li>)}
      {said.length > MOST_SHOWN && <li>and {said.length - MOST_SHOWN} more</li>}
    </ul>
  )
}
