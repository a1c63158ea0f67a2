/** A wire: its route round the cards, its state during a run by colour and pattern, its label. */

import { BaseEdge, EdgeLabelRenderer, type EdgeProps } from '@xyflow/react'
import { memo, useState } from 'react'

import { useWireState } from '../live'
import type { WireData } from './edges'
import { useStage } from './stage'
import type { Point } from './graph'
import { labelPlace, labelRoom, pathOf, through } from './routing'
import { useEditor } from './store'
import { WireBends } from './WireBends'

export const WireEdge = memo(function WireEdge({ id, data, selected }: EdgeProps) {
  const live = useWireState(id)
  const splicing = useStage((state) => state.splicing === id)
  const readOnly = useEditor((state) => state.readOnly)
  const [bent, setBent] = useState<Point[] | null>(null)
  const { points: routed, failure, label, waypoints } = data as WireData
  const points = bent ? through(routed[0]!, failure ? 'bottom' : 'right', bent, routed[routed.length - 1]!) : routed
  if (points.length < 2) return null
  const place = labelPlace(points)
  const text = live ? [live.text, live.behind].filter(Boolean).join(' · ') : label
  return (
    <>
      <g className="wire" data-state={live?.state ?? 'none'} data-splicing={splicing || undefined}>
        <BaseEdge id={id} path={pathOf(points)} className={failure ? 'wire-path wire-failure' : 'wire-path'} interactionWidth={16} style={live ? { strokeWidth: live.width } : undefined} />
        {live?.state === 'saturated' && <path d={pathOf(points)} className="wire-core" />}
        {selected && !readOnly && <WireBends wire={id} points={points} waypoints={bent ?? waypoints} bend={setBent} />}
      </g>
      {text && (
        <EdgeLabelRenderer>
          <div className="wire-label" style={{ transform: `translate(-50%, -50%) translate(${place[0]}px, ${place[1] - 9}px)`, maxWidth: labelRoom(points) }} data-state={live?.state}>{text}</div>
        </EdgeLabelRenderer>
      )}
    </>
  )
})
