import { Progress } from '@mantine/core'

import { formatQuantity } from '../format'
import { give } from '../report/intervals'
import { isOver } from './runSocket'
import { useRun } from './runStore'

/** How far the replications of the run are, while they go on beside it. */
export function ReplicationProgress() {
  const run = useRun((state) => state.run)
  const told = run?.replications
  if (!told || isOver(run)) return null
  const first = told.figures[0]
  return (
    <div className="live-replications" role="status">
      <span>{told.done} of {told.expected} replications</span>
      <Progress size="sm" value={(100 * told.done) / Math.max(1, told.expected)} aria-label="Replications done" className="live-replications-bar" />
      {first && <span className="live-replications-figure" title={first.title}>{first.title} {formatQuantity(first.mean, first.unit)} {give(first, first.unit)}</span>}
    </div>
  )
}
