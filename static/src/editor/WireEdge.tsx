/** A wire: its route round the cards, its state during a run by colour and pattern, its label. */

import { BaseEdge, EdgeLabelRenderer, type EdgeProps } from '@xyflow/react'
import { memo } from 'react'

import { useWireState } from '../live'
import type { Point } from './graph'
import { labelPlace, pathOf } from './routing'

export interface WireData extends Record<string, unknown> { points: Point[]; failure: boolean; label: string }

export const WireEdge = memo(function WireEdge({ id, data }: EdgeProps) {
  const live = useWireState(id)
  const { points, failure, label } = data as WireData
  if (points.length < 2) return null
  const place = labelPlace(points)
  const text = live ? live.text : label
  return (
    <>
      <g className="wire" data-state={live?.state ?? 'none'}>
        <BaseEdge id={id} path={pathOf(points)} className={failure ? 'wire-path wire-failure' : 'wire-path'} interactionWidth={16} style={live ? { strokeWidth: live.width } : undefined} />
      </g>
      {text && (
        <EdgeLabelRenderer>
          <div className="wire-label" style={{ transform: `translate(-50%, -50%) translate(${place[0]}px, ${place[1] - 9}px)` }} data-state={live?.state}>{text}</div>
        </EdgeLabelRenderer>
      )}
    </>
  )
})
