import { memo } from 'react'

import { useFigures, usePicture } from './hooks'
import { HEIGHT, WIDTH } from './picture'
import { STATES } from './selectors'
import { StateMark } from './StateMark'
import './live.css'

/** A node's state and its numbers during a run, in the card's last line; of one fixed size. */
export const LiveStrip = memo(function LiveStrip({ nodeId }: { nodeId: string }) {
  const strip = useFigures(nodeId)
  if (!strip) return <div className="live-strip" aria-hidden="true" />
  return (
    <div className="live-strip" data-state={strip.state}>
      <StateMark state={strip.state} />
      <span className="live-figures">
        {strip.figures.map(({ text, label, title, quiet }, place) => (
          <span key={title} className="live-figure" data-first={place === 0 || undefined} data-quiet={quiet || undefined} title={title}>{label && <small>{label} </small>}{text}</span>
        ))}
      </span>
    </div>
  )
})

/** The picture that a node's kind has during a run, beside its icon; of one fixed size. */
export const LivePicture = memo(function LivePicture({ nodeId }: { nodeId: string }) {
  const picture = usePicture(nodeId)
  if (!picture) return <div className="live-picture" aria-hidden="true" />
  return (
    <svg className="live-picture" data-state={picture.state} data-shape={picture.shape} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${STATES[picture.state].word}. ${picture.words}`}>
      {picture.strokes.map(({ ink, d }) => <path key={ink} className={`ink-${ink}`} d={d} />)}
    </svg>
  )
})
