/** Where what is dragged comes to rest: in line with a neighbour if it is near one, else on the grid. */

import { GRID, type Point } from './card'
import type { Box } from './routing'

/** A line drawn while something is dragged: `axis` 0 is upright at x = `at`, 1 is level at y = `at`. */
export interface Guide { axis: 0 | 1; at: number; from: number; to: number }

export interface Resting { at: Point; guides: Guide[] }

const STEP = GRID / 2

/** The box around boxes. */
export function around(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x))
  const y = Math.min(...boxes.map((box) => box.y))
  return { x, y, width: Math.max(...boxes.map((box) => box.x + box.width)) - x, height: Math.max(...boxes.map((box) => box.y + box.height)) - y }
}

const startOf = (box: Box, axis: 0 | 1) => (axis === 0 ? box.x : box.y)
const lengthOf = (box: Box, axis: 0 | 1) => (axis === 0 ? box.width : box.height)

interface Hit { by: number; box: Box; at: number }

/** The nearest neighbour whose start, middle or end is within `reach` of the same of `moving`. */
function nearest(moving: Box, others: readonly Box[], axis: 0 | 1, reach: number): Hit | null {
  let best: Hit | null = null
  for (const box of others) {
    for (const part of [0, 0.5, 1]) {
      const at = startOf(box, axis) + part * lengthOf(box, axis)
      const by = at - (startOf(moving, axis) + part * lengthOf(moving, axis))
      if (Math.abs(by) <= reach && (!best || Math.abs(by) < Math.abs(best.by))) best = { by, box, at }
    }
  }
  return best
}

function guideOf(hit: Hit, moving: Box, axis: 0 | 1): Guide {
  const across = axis === 0 ? 1 : 0
  const ends = [moving, hit.box].flatMap((box) => [startOf(box, across), startOf(box, across) + lengthOf(box, across)])
  return { axis, at: hit.at, from: Math.min(...ends) - 12, to: Math.max(...ends) + 12 }
}

/** Where a box dragged to `moving` rests among `others`. Without `snapping` it stays where the pointer has it. */
export function resting(moving: Box, others: readonly Box[], reach: number, snapping = true): Resting {
  if (!snapping) return { at: [Math.round(moving.x), Math.round(moving.y)], guides: [] }
  const hits = ([0, 1] as const).map((axis) => nearest(moving, others, axis, reach))
  const at = ([0, 1] as const).map((axis) => {
    const hit = hits[axis]
    return hit ? startOf(moving, axis) + hit.by : Math.round(startOf(moving, axis) / STEP) * STEP
  }) as Point
  const rested: Box = { ...moving, x: at[0], y: at[1] }
  return { at, guides: ([0, 1] as const).flatMap((axis) => (hits[axis] ? [guideOf(hits[axis], rested, axis)] : [])) }
}
