/** The wires of a large diagram seen from afar: two paths for all of them, where a drawing for each would keep the view from moving smoothly. */

import { ViewportPortal, type Edge } from '@xyflow/react'
import { memo } from 'react'

import type { WireData } from './edges'
import type { Point } from './graph'

const lineOf = (points: readonly Point[]) => `M${points.map(([x, y]) => `${x},${y}`).join('L')}`

export const FarWires = memo(function FarWires({ routes }: { routes: readonly Edge<WireData>[] }) {
  const path = (failure: boolean) => routes.filter((edge) => edge.data!.failure === failure && edge.data!.points.length > 1).map((edge) => lineOf(edge.data!.points)).join('')
  return <ViewportPortal><svg className="far-wires" aria-hidden="true"><path className="wire-path" d={path(false)} /><path className="wire-path wire-failure" d={path(true)} /></svg></ViewportPortal>
})

/** The wire that passes nearest to a place, if it is within reach. */
export function nearestWire(place: Point, routes: readonly Edge<WireData>[], reach: number): string | null {
  let found: string | null = null
  let least = reach
  for (const { id, data } of routes) {
    data!.points.forEach((point, index) => {
      const before = data!.points[index - 1]
      const away = before ? fromLine(place, before, point) : Infinity
      if (away < least) [found, least] = [id, away]
    })
  }
  return found
}

function fromLine([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const [dx, dy] = [x2 - x1, y2 - y1]
  const share = dx || dy ? Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy))) : 0
  return Math.hypot(x - x1 - share * dx, y - y1 - share * dy)
}
