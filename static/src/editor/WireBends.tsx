/** On a selected wire: a handle at each point that was laid down, and one in the middle of each long stretch, to lay down another. */

import { useReactFlow } from '@xyflow/react'
import type { PointerEvent } from 'react'

import { setWaypoints } from './annotations'
import type { Point } from './graph'
import { useEditor } from './store'

const LONG = 60

interface Bend { at: Point; index: number; laid: boolean }

/** Handles of a wire; `index` says at which place among the laid points a new one goes. */
function bendsOf(points: readonly Point[], waypoints: readonly Point[]): Bend[] {
  const laid = waypoints.map((at, index): Bend => ({ at, index, laid: true }))
  let passed = 0
  const free = points.slice(1).flatMap((point, place): Bend[] => {
    const from = points[place]!
    const bend: Bend = { at: [(from[0] + point[0]) / 2, (from[1] + point[1]) / 2], index: passed, laid: false }
    while (passed < waypoints.length && on(waypoints[passed]!, from, point)) passed += 1
    return Math.abs(from[0] - point[0]) + Math.abs(from[1] - point[1]) >= LONG ? [bend] : []
  })
  return [...free, ...laid]
}

const on = (point: Point, from: Point, to: Point) => (from[0] === to[0] ? point[0] === from[0] && (point[1] - from[1]) * (point[1] - to[1]) <= 0 : point[1] === from[1] && (point[0] - from[0]) * (point[0] - to[0]) <= 0)

export function WireBends({ wire, points, waypoints, bend }: { wire: string; points: readonly Point[]; waypoints: readonly Point[]; bend: (waypoints: Point[] | null) => void }) {
  const flow = useReactFlow()
  const take = (start: PointerEvent, { index, laid }: Bend) => {
    if (start.button !== 0) return
    start.stopPropagation()
    let next: Point[] | null = null
    const move = (event: globalThis.PointerEvent) => {
      if (!next && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < 3) return
      const { x, y } = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY })
      next = [...waypoints.slice(0, index), [Math.round(x / 10) * 10, Math.round(y / 10) * 10], ...waypoints.slice(laid ? index + 1 : index)]
      bend(next)
    }
    const stop = () => {
      window.removeEventListener('pointermove', move)
      window.removeEventListener('pointerup', stop)
      bend(null)
      if (next) useEditor.getState().change(setWaypoints(useEditor.getState().graph, wire, next))
    }
    window.addEventListener('pointermove', move)
    window.addEventListener('pointerup', stop)
  }
  const drop = ({ index, laid }: Bend) => { if (laid) useEditor.getState().change(setWaypoints(useEditor.getState().graph, wire, waypoints.filter((_, place) => place !== index))) }
  return bendsOf(points, waypoints).map((one) => (
    <circle key={`${one.laid} ${one.index} ${one.at}`} className="wire-bend nopan" data-laid={one.laid || undefined} cx={one.at[0]} cy={one.at[1]} r={5} onPointerDown={(event) => take(event, one)} onDoubleClick={(event) => { event.stopPropagation(); drop(one) }} />
  ))
}
