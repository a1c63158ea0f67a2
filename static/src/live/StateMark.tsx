import { STATES } from './selectors'
import type { FlowState } from './shapes'

const SHAPES = {
  ring: <circle cx="5" cy="5" r="3.2" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  dot: <circle cx="5" cy="5" r="4" fill="currentColor" />,
  square: <rect x="1.2" y="1.2" width="7.6" height="7.6" rx="1" fill="currentColor" />,
  triangle: <path d="M5 .8 9.6 9.2H.4z" fill="currentColor" />,
  cross: <path d="m1.8 1.8 6.4 6.4m0-6.4-6.4 6.4" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />,
} as const

/** The shape and, with `word`, the name of a state: never its colour alone. */
export function StateMark({ state, word = false }: { state: FlowState; word?: boolean }) {
  const { shape, word: name } = STATES[state]
  return (
    <span className="live-state" data-state={state}>
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden={word || undefined} role={word ? undefined : 'img'} aria-label={word ? undefined : name}>
        {SHAPES[shape]}
      </svg>
      {word && <span>{name}</span>}
    </span>
  )
}
