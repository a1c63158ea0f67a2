/** Beads that move along the wires, to show how much flows and how well. They are drawn from rates: a bead is no message. Pure. */

import type { FlowState } from './shapes'

export type Way = readonly (readonly [number, number])[]

/** How fast beads move, in pixels of the drawing a second: a held-up wire moves slowly. */
export const SPEED: Readonly<Record<FlowState, number>> = { idle: 0, flowing: 70, saturated: 34, throttled: 22, failing: 22 }

const LEAST_PER_S = 0.02

/** The distance between two beads: the closer the more flows, in steps, so that beads do not jump while a rate trembles. Null: nothing flows. */
export function spacing(per_s: number | null): number | null {
  if (per_s === null || !(per_s > LEAST_PER_S)) return null
  const decades = Math.round(2 * Math.log10(1 + per_s)) / 2
  return Math.round(110 / (1 + decades))
}

/** The length of a way of straight stretches. */
export function lengthOf(way: Way): number {
  return way.slice(1).reduce((sum, [x, y], index) => sum + Math.abs(x - way[index]![0]) + Math.abs(y - way[index]![1]), 0)
}

/** Calls `put` for each bead on a way of horizontal and vertical stretches, the first one `phase` after its beginning. */
export function beads(way: Way, apart: number, phase: number, put: (x: number, y: number) => void): void {
  let next = phase
  for (let index = 1; index < way.length; index += 1) {
    const [x0, y0] = way[index - 1]!
    const [x1, y1] = way[index]!
    const length = Math.abs(x1 - x0) + Math.abs(y1 - y0)
    if (length === 0) continue
    for (; next <= length; next += apart) put(x0 + ((x1 - x0) * next) / length, y0 + ((y1 - y0) * next) / length)
    next -= length
  }
}
