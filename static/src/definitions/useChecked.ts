/** What the server says of a text in some language, a moment after it was last changed. */

import { useEffect, useState } from 'react'

import { api } from '../api/client'
import type { DefinitionAnswer } from '../api/types'

const QUIET_MS = 300

const known = new Map<string, DefinitionAnswer>()
const MOST_KNOWN = 30

export function useChecked(language: string, text: string): { answer: DefinitionAnswer | null; current: boolean; fault: string | null } {
  const key = `${language}\n${text}`
  const [last, setLast] = useState<{ key: string; answer: DefinitionAnswer } | null>(null)
  const [fault, setFault] = useState<string | null>(null)
  const here = known.get(key)
  useEffect(() => {
    if (known.has(key)) return undefined
    let wanted = true
    const timer = window.setTimeout(() => {
      api.checkDefinition(language, text).then(
        (answer) => {
          if (known.size >= MOST_KNOWN) known.clear()
          known.set(key, answer)
          if (wanted) { setLast({ key, answer }); setFault(null) }
        },
        (error: unknown) => { if (wanted) setFault(error instanceof Error ? error.message : String(error)) },
      )
    }, QUIET_MS)
    return () => { wanted = false; window.clearTimeout(timer) }
  }, [key, language, text])
  return { answer: here ?? last?.answer ?? null, current: here !== undefined || last?.key === key, fault }
}
