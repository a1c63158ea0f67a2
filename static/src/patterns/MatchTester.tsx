/** “Does this message match?”: for every kind of message in the diagram, and for one that is written here. */

import { Button, Text, Textarea } from '@mantine/core'
import { useState } from 'react'

import { api } from '../api/client'
import { useAsked } from '../api/useAsked'
import { jsonText } from '../definitions/jsonPlace'
import { asked, type Message, type Sight } from './messages'
import type { Pattern } from './rows'

const MOST = 12

/** What is tried: `pattern` is undefined while it cannot be read. */
interface Tried { pattern: Pattern | Pattern[] | null | undefined; /** What sort of pattern it is: the widget of its field. */ kind: string; sight: Sight }

const question = ({ pattern, kind, sight }: Tried, message: unknown, name: string) => ({ kind, pattern, message, scope: sight === 'body' ? 'MessageBody' : 'MessageAttributes', name })

export function MatchTester({ messages, ...tried }: Tried & { messages: readonly Message[] }) {
  const { sight } = tried
  const [own, setOwn] = useState<string | null>(null)
  const begin = (message: unknown) => setOwn(jsonText(message))
  return (
    <section className="match-tester" aria-label="Does this message match?">
      <h3 className="section-title">Does this message match?</h3>
      {messages.length === 0 && <Text size="sm" c="dimmed">The diagram sends no messages yet. Write one to try.</Text>}
      <ul>
        {messages.slice(0, MOST).map((message, index) => (
          <li key={index}>
            <Verdict {...tried} message={asked(message, sight)} name={message.name} />
            <span className="match-name"><b>{message.name}</b> <small>{message.from}</small></span>
            <Button size="compact-xs" variant="subtle" color="gray" aria-label={`Try a message like ${message.name}`} onClick={() => begin(asked(message, sight))}>Change and try</Button>
          </li>
        ))}
        {messages.length > MOST && <li><Text size="xs" c="dimmed">and {messages.length - MOST} more kinds of message</Text></li>}
      </ul>
      {own === null
        ? <Button size="compact-xs" variant="default" onClick={() => begin(sight === 'event' ? { source: 'shop', 'detail-type': 'order', detail: {} } : { attributes: { kind: { Type: 'String', Value: 'order' } }, body: {} })}>Write a message</Button>
        : <OwnMessage {...tried} text={own} change={setOwn} />}
    </section>
  )
}

function OwnMessage({ text, change, ...tried }: Tried & { text: string; change: (text: string) => void }) {
  let message: unknown
  let fault: string | null = null
  try {
    message = JSON.parse(text)
  } catch (error) {
    fault = `Not JSON: ${(error as Error).message}`
  }
  return (
    <div className="own-message">
      <Textarea size="xs" autosize minRows={3} maxRows={10} classNames={{ input: 'code' }} spellCheck={false} aria-label="Message to try" value={text} onChange={(event) => change(event.currentTarget.value)} error={fault} />
      {fault === null && <Verdict {...tried} message={message} name="message" />}
    </div>
  )
}

function Verdict({ message, name, ...tried }: Tried & { message: unknown; name: string }) {
  const { answer, current, fault } = useAsked('pattern', tried.pattern === undefined ? null : question(tried, message, name), api.testPattern)
  if (fault) return <span className="verdict finding-error">{fault}</span>
  if (tried.pattern === undefined || !answer) return <span className="verdict">…</span>
  const [state, words] = answer.match === null ? ['invalid', 'Not valid'] : answer.match ? ['yes', '✓ Matches'] : ['no', '✕ Does not match']
  return <span className="verdict" data-match={state} data-stale={!current || undefined}><b>{words}</b> <span>{answer.reason}</span></span>
}
