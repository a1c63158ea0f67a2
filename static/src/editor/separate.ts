/** Wires that would lie on each other are drawn side by side. */

import type { Point } from './graph'
import { crosses, type Box } from './routing'

const GAP = 8
const SPREAD = 16

export interface Wired { id: string; from: string; to: string; points: Point[] }

interface Stretch { wire: number; leg: number; at: number; start: number; end: number }

/**
 * Shift stretches of different wires that share a line, a few pixels each. Wires from one port, or into one node, may share:
 * they read as a branch or a junction. Ends stay where they are; nothing is shifted into a card.
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

/** Bundles of wires that may share a line, because they leave one port or arrive at one node. */
function bundles(cluster: Stretch[], wires: readonly Wired[]): Stretch[][] {
  const found: Stretch[][] = []
  for (const stretch of cluster) {
    const wire = wires[stretch.wire]!
    const friends = found.find((bundle) => bundle.every((other) => wires[other.wire]!.from === wire.from || wires[other.wire]!.to === wire.to))
    if (friends) friends.push(stretch)
    else found.push([stretch])
  }
  return found
}

function shift(cluster: Stretch[], wires: readonly Wired[], shifted: Point[][], axis: 0 | 1, obstacles: readonly Box[]): void {
  const lanes = bundles(cluster, wires)
  if (lanes.length < 2) return
  const gap = Math.min(GAP, (2 * SPREAD) / lanes.length)
  const entry = (lane: Stretch[]) => Math.min(...lane.map(({ wire, leg }) => wires[wire]!.points[leg - 1]![axis]))
  lanes.sort((a, b) => entry(a) - entry(b))
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
