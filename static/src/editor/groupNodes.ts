/** Boxes and notes as React Flow draws them: below and beside the cards. */

import { Position, type Node } from '@xyflow/react'

import type { Graph } from '../api/types'
import { groupBoxes, groupsOf, notesOf, type Group } from './annotations'
import { FOLDED_HANDLE, TARGET_HANDLE } from './edges'
import { CARD, positionOf, type Point } from './graph'

const PREFIX = 'group:'
const HALF = CARD.height / 2

/** Where the boxes on the canvas began before they were dragged: React Flow reports only where they are dragged to. */
class Origins {
  private at = new Map<string, { members: string[]; at: Point }>()

  set(nodes: readonly Node[], groups: readonly Group[]): void {
    this.at = new Map(nodes.map((node) => [node.id, { at: [node.position.x, node.position.y] as Point, members: groups.find((group) => PREFIX + group.id === node.id)?.members ?? [] }]))
  }

  origin(id: string): { members: string[]; at: Point } | undefined {
    return this.at.get(id)
  }
}

export const groupNodes = new Origins()

/** The group that a box or folded card on the canvas is. */
export const groupOn = (graph: Graph, id: string): Group | undefined => groupsOf(graph).find((group) => PREFIX + group.id === id)

/** The nodes that something on the canvas stands for: those in a box or a folded group, or the node or note itself. */
export const standsFor = (graph: Graph, id: string): string[] => groupOn(graph, id)?.members ?? [id]

/** The card that stands for each node in a folded group. */
export function foldedInto(groups: readonly Group[]): Record<string, string> {
  const found: Record<string, string> = {}
  // Of groups in each other, the outermost that is folded counts.
  for (const group of groups.filter((one) => one.collapsed).sort((one, other) => one.members.length - other.members.length)) for (const id of group.members) found[id] = PREFIX + group.id
  return found
}

/** Where the cards of folded groups stand: at the top left of what they hide. */
export function foldedPlaces(groups: readonly Group[], places: Record<string, Point>): Record<string, Point> {
  return Object.fromEntries(groups.filter((group) => group.collapsed).map((group) => {
    const all = group.members.flatMap((id) => (places[id] ? [places[id]] : []))
    return [PREFIX + group.id, [Math.min(...all.map(([x]) => x)), Math.min(...all.map(([, y]) => y))] as Point]
  }))
}

const handle = (id: string, type: 'source' | 'target', x: number) => ({ id, type, position: type === 'source' ? Position.Right : Position.Left, x: x - 5, y: HALF - 5, width: 10, height: 10 })
const FOLDED_HANDLES = [handle(TARGET_HANDLE, 'target', 0), handle(FOLDED_HANDLE, 'source', CARD.width)]

/** The boxes of open groups and the cards of folded ones. */
export function groupsDrawn(graph: Graph, places: Record<string, Point>, draggable: boolean, selected: ReadonlySet<string>): Node[] {
  const groups = groupsOf(graph)
  const folded = foldedInto(groups)
  const boxes = groupBoxes(groups, places)
  const stand = foldedPlaces(groups, places)
  return groups.flatMap((group): Node[] => {
    const id = PREFIX + group.id
    const common = { id, data: { group: group.id }, selectable: false, focusable: false, draggable, connectable: false }
    if (group.collapsed) {
      // Within another folded group, it is not seen at all.
      if (group.members.some((member) => folded[member] !== id)) return []
      const [x, y] = stand[id]!
      const picked = group.members.some((member) => selected.has(member))
      return [{ ...common, type: 'folded', position: { x, y }, ...CARD, measured: CARD, handles: FOLDED_HANDLES, selectable: true, focusable: true, selected: picked, ariaLabel: `${group.title}, folded, ${group.members.length} nodes` }]
    }
    const box = boxes[group.id]
    if (!box || group.members.every((member) => folded[member])) return []
    const size = { width: box.width, height: box.height }
    return [{ ...common, type: 'box', position: { x: box.x, y: box.y }, ...size, measured: size, handles: [], dragHandle: '.box-head', zIndex: -group.members.length - 1, style: { pointerEvents: 'none' } }]
  })
}

const NOTE = { width: 184, height: 64 }

export function notesDrawn(graph: Graph, moved: Record<string, Point>, selected: ReadonlySet<string>): Node[] {
  return notesOf(graph).map((note): Node => {
    const [x, y] = moved[note.id] ?? positionOf(graph, note.id)
    return { id: note.id, type: 'note', position: { x, y }, measured: NOTE, handles: [], data: {}, selected: selected.has(note.id), connectable: false, ariaLabel: `${note.look === 'label' ? 'Label' : 'Note'}: ${note.text}` }
  })
}
