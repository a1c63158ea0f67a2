/** Finds the wire near a place, where wires are too thin to be hit or not there to be hit. */

import type { Edge } from '@xyflow/react'

import type { WireData } from './edges'
import type { Point } from './graph'

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
