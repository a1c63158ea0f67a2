import { memo } from 'react'

import { useStrip } from './hooks'
import { STATES } from './selectors'
import { StateMark } from './StateMark'
import './live.css'

/** A node's bar and two numbers during a run, in the card's last line; of one fixed size, and empty while nothing runs. */
export const LiveStrip = memo(function LiveStrip({ nodeId }: { nodeId: string }) {
  const strip = useStrip(nodeId)
  if (!strip) return <div className="live-strip" aria-hidden="true" />
  const [first, second] = strip.figures
  return (
    <div className="live-strip" data-state={strip.state} title={`${STATES[strip.state].word} · ${strip.barTitle}`}>
      <StateMark state={strip.state} />
      <span className="live-bar" aria-hidden="true"><span style={{ transform: `scaleX(${strip.share})` }} /></span>
      {first && <span className="live-figure" title={first.title}>{first.label && <small>{first.label} </small>}{first.text}</span>}
      {second && <span className="live-figure live-second" title={second.title}>{second.label && <small>{second.label} </small>}{second.text}</span>}
    </div>
  )
})
