/** Lining nodes up and spreading them out: new places, computed from the old ones. */

import { CARD, positionOf, type Point } from './graph'
import type { Graph } from '../api/types'

export type Alignment = 'left' | 'centre' | 'right' | 'top' | 'middle' | 'bottom'
export type Axis = 'across' | 'down'

const SIZE = [CARD.width, CARD.height] as const

const axisOf = (alignment: Alignment): 0 | 1 => (alignment === 'left' || alignment === 'centre' || alignment === 'right' ? 0 : 1)

/** New places of these nodes with one edge or their middles on a common line; the line is that of the box around them. */
export function aligned(graph: Graph, ids: Iterable<string>, alignment: Alignment): Record<string, Point> {
  const places = [...ids].map((id) => [id, positionOf(graph, id)] as const)
  if (places.length < 2) return {}
  const axis = axisOf(alignment)
  const starts = places.map(([, place]) => place[axis])
  const [least, most] = [Math.min(...starts), Math.max(...starts)]
  const at = alignment === 'left' || alignment === 'top' ? least : alignment === 'right' || alignment === 'bottom' ? most : Math.round((least + most) / 2)
  return Object.fromEntries(places.map(([id, place]) => [id, axis === 0 ? [at, place[1]] : [place[0], at]] as [string, Point]))
}

/** New places with equal gaps between neighbours; the outermost two stay. */
export function distributed(graph: Graph, ids: Iterable<string>, axis: Axis): Record<string, Point> {
  const along = axis === 'across' ? 0 : 1
  const places = [...ids].map((id) => [id, positionOf(graph, id)] as const).sort((one, other) => one[1][along] - other[1][along])
  if (places.length < 3) return {}
  const first = places[0]![1][along]
  const last = places[places.length - 1]![1][along]
  // Cards that would overlap are set a card and a little apart instead.
  const step = Math.max((last - first) / (places.length - 1), SIZE[along] + 8)
  return Object.fromEntries(places.map(([id, place], index) => {
    const at = Math.round(first + index * step)
    return [id, along === 0 ? [at, place[1]] : [place[0], at]] as [string, Point]
  }))
}
