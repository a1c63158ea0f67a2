/** Wires that would lie on each other are drawn side by side. */

import type { Point } from './graph'
import { crosses, type Box } from './routing'

const GAP = 8
const SPREAD = 16

export interface Wired { id: string; /** The node it leaves. */ source: string; /** The port it leaves. */ from: string; /** The node it arrives at. */ to: string; points: Point[] }

interface Stretch { wire: number; leg: number; at: number; start: number; end: number }

/**
 * Shift stretches of different wires that share a line, a few pixels each. Wires from one port, or from several nodes into one, may share:
 * they read as a branch or a junction. Several wires from one node to another are kept apart, so that each can be told and taken. Ends stay where they are; nothing is shifted into a card.
 */
export function separate(wires: readonly Wired[], obstacles: readonly Box[]): Point[][] {
  const shifted = wires.map((wire) => wire.points.map(([x, y]): Point => [x, y]))
  for (const axis of [0, 1] as const) {
    for (const cluster of clusters(stretches(wires, axis))) shift(cluster, wires, shifted, axis, obstacles)
  }
  return shifted
}

/** Inner stretches along an axis: 0 for upright ones (they share an x), 1 for level ones. */
function stretches(wires: readonly Wired[], axis: 0 | 1): Stretch[] {
  return wires.flatMap(({ points }, wire) =>
    points.slice(1, -2).flatMap((point, index) => {
      const next = points[index + 2]!
      if (point[axis] !== next[axis]) return []
      const [a, b] = [point[1 - axis]!, next[1 - axis]!]
      return [{ wire, leg: index + 1, at: point[axis], start: Math.min(a, b), end: Math.max(a, b) }]
    }),
  )
}

function clusters(all: Stretch[]): Stretch[][] {
  const sorted = [...all].sort((a, b) => a.at - b.at || a.start - b.start)
  const found: Stretch[][] = []
  let end = -Infinity
  for (const stretch of sorted) {
    const cluster = found[found.length - 1]
    if (cluster && cluster[0]!.at === stretch.at && stretch.start < end) cluster.push(stretch)
    else found.push([stretch])
    end = cluster && found[found.length - 1] === cluster ? Math.max(end, stretch.end) : stretch.end
  }
  return found.filter((cluster) => cluster.length > 1)
}

/** Whether wires may share a line, because they leave one port, or arrive at one node from different ones. */
const mayShare = (one: Wired, other: Wired) => one.from === other.from || (one.to === other.to && one.source !== other.source)

/** Bundles of wires that may share a line. */
function bundles(cluster: Stretch[], wires: readonly Wired[]): Stretch[][] {
  const found: Stretch[][] = []
  for (const stretch of cluster) {
    const wire = wires[stretch.wire]!
    const friends = found.find((bundle) => bundle.every((other) => mayShare(wires[other.wire]!, wire)))
    if (friends) friends.push(stretch)
    else found.push([stretch])
  }
  return found
}

/** The order of two stretches that are come to from the same side, so that neither wire crosses the other. */
function uncrossed(one: Stretch, other: Stretch, wires: readonly Wired[], axis: 0 | 1): number {
  const [[start, way], [otherStart, otherWay]] = [one, other].map(({ wire, leg }) => {
    const { points } = wires[wire]!
    return [points[leg]![1 - axis]!, Math.sign(points[leg + 1]![1 - axis]! - points[leg]![1 - axis]!)] as const
  }) as [readonly [number, number], readonly [number, number]]
  const side = Math.sign(one.at - wires[one.wire]!.points[one.leg - 1]![axis])
  return way === otherWay ? (otherStart - start) * way * side : 0
}

function shift(cluster: Stretch[], wires: readonly Wired[], shifted: Point[][], axis: 0 | 1, obstacles: readonly Box[]): void {
  const lanes = bundles(cluster, wires)
  if (lanes.length < 2) return
  const gap = Math.min(GAP, (2 * SPREAD) / lanes.length)
  const entry = (lane: Stretch[]) => Math.min(...lane.map(({ wire, leg }) => wires[wire]!.points[leg - 1]![axis]))
  lanes.sort((a, b) => entry(a) - entry(b) || uncrossed(a[0]!, b[0]!, wires, axis))
  lanes.forEach((lane, index) => {
    const by = Math.round((index - (lanes.length - 1) / 2) * gap)
    for (const { wire, leg } of lane) {
      const points = shifted[wire]!
      const moved = [points[leg]!, points[leg + 1]!].map((point): Point => (axis === 0 ? [point[0] + by, point[1]] : [point[0], point[1] + by]))
      if (obstacles.some((box) => crosses(moved[0]!, moved[1]!, box))) continue
      points[leg] = moved[0]!
      points[leg + 1] = moved[1]!
    }
  })
}
