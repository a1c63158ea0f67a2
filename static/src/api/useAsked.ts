/** What the server says of something that is being typed, a moment after it was last changed; what it said once is kept. */

import { useEffect, useState } from 'react'

const QUIET_MS = 250
const MOST_KNOWN = 200

const known = new Map<string, unknown>()

export interface Asked<Answer> {
  /** The last answer there was; it may be of what stood there before. */
  answer: Answer | null
  /** Whether the answer is of what stands there now. */
  current: boolean
  fault: string | null
}

/** Ask about `question`, whose text is its `key`; nothing is asked while it is null. */
export function useAsked<Question, Answer>(what: string, question: Question | null, ask: (question: Question) => Promise<Answer>): Asked<Answer> {
  const key = question === null ? null : `${what} ${JSON.stringify(question)}`
  const [last, setLast] = useState<{ key: string; answer: Answer | null; fault: string | null } | null>(null)
  const here = key === null ? undefined : (known.get(key) as Answer | undefined)
  useEffect(() => {
    if (key === null || known.has(key)) return undefined
    let wanted = true
    const timer = window.setTimeout(() => {
      ask(JSON.parse(key.slice(what.length + 1)) as Question).then(
        (answer) => {
          if (known.size >= MOST_KNOWN) known.clear()
          known.set(key, answer)
          if (wanted) setLast({ key, answer, fault: null })
        },
        (error: unknown) => { if (wanted) setLast((before) => ({ key, answer: before?.answer ?? null, fault: error instanceof Error ? error.message : String(error) })) },
      )
    }, QUIET_MS)
    return () => { wanted = false; window.clearTimeout(timer) }
    // What is asked is all in the key.
  }, [key, what])
  const current = here !== undefined || (last !== null && last.key === key)
  return { answer: here ?? last?.answer ?? null, current, fault: current && here === undefined ? last?.fault ?? null : null }
}
