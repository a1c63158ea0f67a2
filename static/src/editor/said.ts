/** What was last said to those who do not see the page. */

import { create } from 'zustand'

interface Said { text: string; number: number; at_ms: number }

export const useSaid = create<Said>(() => ({ text: '', number: 0, at_ms: 0 }))

/** The same again within this time is one thing: keys that are held repeat. */
const AT_ONCE_MS = 1000

/** Have a sentence read aloud; the same sentence later is read again. */
export function say(text: string, now_ms = performance.now()): void {
  const { text: before, number, at_ms } = useSaid.getState()
  if (text === '') return
  if (text === before && now_ms - at_ms < AT_ONCE_MS) useSaid.setState({ at_ms: now_ms })
  else useSaid.setState({ text, number: number + 1, at_ms: now_ms })
}
