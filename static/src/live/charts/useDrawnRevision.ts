import { useEffect, useState } from 'react'

import { useRun } from '../runStore'

const BETWEEN_DRAWINGS_MS = 100

/** The store's revision, at most ten times a second: eyes need no more of a line. */
export function useDrawnRevision(): number {
  const [drawn, draw] = useState(() => useRun.getState().revision)
  useEffect(() => {
    let timer: number | undefined
    const book = () => {
      timer ??= window.setTimeout(() => {
        timer = undefined
        draw(useRun.getState().revision)
      }, BETWEEN_DRAWINGS_MS)
    }
    const stop = useRun.subscribe((state, before) => { if (state.revision !== before.revision) book() })
    return () => {
      stop()
      window.clearTimeout(timer)
    }
  }, [])
  return drawn
}
