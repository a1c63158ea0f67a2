import { useRun } from './runStore'
import { STATES } from './selectors'
import { StateMark } from './StateMark'

const SHOWN = ['flowing', 'saturated', 'throttled', 'failing'] as const

/** What the colours and patterns of wires mean, and what their beads are not. */
export function FlowLegend() {
  const shown = useRun((state) => state.shown !== null)
  if (!shown) return null
  return (
    <div className="flow-legend" role="note" aria-label="What wires show">
      {SHOWN.map((state) => (
        <span key={state}>
          <svg width="22" height="8" aria-hidden="true" className="wire" data-state={state}><path className="wire-path" d="M0 4h22" strokeWidth="3" />{state === 'saturated' && <path className="wire-core" d="M0 4h22" />}</svg>
          <StateMark state={state} /> {STATES[state].word}
        </span>
      ))}
      <span>Drawn from rates<small>: a bead is no message</small></span>
    </div>
  )
}
