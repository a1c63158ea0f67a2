/** What a diagram has beside nodes and wires: boxes with names round nodes, notes, and points that wires pass. All of it lives in `view`. */

import type { Graph } from '../api/types'
import { CARD, type Point } from './card'
import { positionOf, unused } from './graph'
import { around } from './guides'
import type { Box } from './routing'

export type GroupKind = 'group' | 'zone' | 'account' | 'vpc' | 'region' | 'context'

export interface Group { id: string; title: string; kind: GroupKind; members: string[]; collapsed?: boolean }

/** A text on the canvas; its place is among the positions of the nodes. */
export interface Note { id: string; text: string; look: 'note' | 'label' }

export const GROUP_WORDS: Record<GroupKind, string> = { group: 'Group', zone: 'Availability Zone', account: 'AWS account', vpc: 'VPC', region: 'Region', context: 'Bounded context' }

const PADDING = 20
const HEAD = 24

const listOf = <Entry>(value: unknown, good: (entry: Entry) => boolean): Entry[] => (Array.isArray(value) ? (value as Entry[]).filter((entry) => entry && good(entry)) : [])

/** The groups of a graph, as far as they make sense: members that are gone are left out, and so are groups without any. */
export function groupsOf(graph: Graph): Group[] {
  const known = new Set(graph.nodes.map((node) => node.id))
  return listOf<Group>(graph.view?.['groups'], (group) => typeof group.id === 'string' && Array.isArray(group.members))
    .map((group) => ({ ...group, kind: group.kind in GROUP_WORDS ? group.kind : 'group' as const, members: group.members.filter((id) => known.has(id)) }))
    .filter((group) => group.members.length > 0)
}

export function notesOf(graph: Graph): Note[] {
  return listOf<Note>(graph.view?.['notes'], (note) => typeof note.id === 'string' && typeof note.text === 'string')
}

export function waypointsOf(graph: Graph, wire: string): Point[] {
  const all = graph.view?.['waypoints'] as Record<string, Point[]> | undefined
  return listOf<Point>(all?.[wire], (point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite))
}

const withView = (graph: Graph, key: string, value: unknown): Graph => ({ ...graph, view: { ...graph.view, [key]: value } })

const withGroups = (graph: Graph, groups: Group[]) => withView(graph, 'groups', groups.filter((group) => group.members.length > 0))

/** Put a box round nodes; returns the graph and the group's id. */
export function addGroup(graph: Graph, members: readonly string[], kind: GroupKind, title = GROUP_WORDS[kind]): [Graph, string] {
  const groups = groupsOf(graph)
  const id = unused('group-1', new Set(groups.map((group) => group.id)))
  return [withGroups(graph, [...groups, { id, title: unused(title, new Set(groups.map((group) => group.title)), ' '), kind, members: [...members] }]), id]
}

export const removeGroups = (graph: Graph, ids: ReadonlySet<string>): Graph => withGroups(graph, groupsOf(graph).filter((group) => !ids.has(group.id)))

export const changeGroup = (graph: Graph, id: string, change: Partial<Group>): Graph => withGroups(graph, groupsOf(graph).map((group) => (group.id === id ? { ...group, ...change } : group)))

/** Make a box another kind of box; one that is called by its kind is called by the new one. */
export function setGroupKind(graph: Graph, id: string, kind: GroupKind): Graph {
  const groups = groupsOf(graph)
  const old = groups.find((group) => group.id === id)
  if (!old || old.kind === kind) return graph
  const usual = new RegExp(String.raw`^${GROUP_WORDS[old.kind]}( \d+)?$`).test(old.title)
  const others = new Set(groups.filter((group) => group.id !== id).map((group) => group.title))
  return changeGroup(graph, id, { kind, title: usual ? unused(GROUP_WORDS[kind], others, ' ') : old.title })
}

/** Groups from the smallest to the largest: a box stands round those inside it. */
const bySize = (groups: readonly Group[]) => [...groups].sort((one, other) => one.members.length - other.members.length)

/** The box of each group round its members at `places`; one round another leaves room for its head. */
export function groupBoxes(groups: readonly Group[], places: Record<string, Point>): Record<string, Box> {
  const found: Record<string, Box> = {}
  const done: Group[] = []
  for (const group of bySize(groups)) {
    const members = new Set(group.members)
    const inner = done.filter((other) => found[other.id] && other.members.every((id) => members.has(id))).map((other) => found[other.id]!)
    const cards = group.members.flatMap((id) => (places[id] ? [{ x: places[id][0], y: places[id][1], ...CARD }] : []))
    if (cards.length === 0) continue
    const box = around([...cards, ...inner])
    found[group.id] = { x: box.x - PADDING, y: box.y - PADDING - HEAD, width: box.width + 2 * PADDING, height: box.height + 2 * PADDING + HEAD }
    done.push(group)
  }
  return found
}

/** After nodes were dropped at new places: they belong to the boxes they are in now, and no longer to those they left. */
export function regrouped(graph: Graph, dropped: ReadonlySet<string>): Graph {
  const groups = groupsOf(graph)
  if (groups.length === 0) return graph
  const places = Object.fromEntries(graph.nodes.map((node) => [node.id, positionOf(graph, node.id)]))
  const staying = groups.map((group) => ({ ...group, members: group.members.filter((id) => !dropped.has(id)) }))
  const boxes = groupBoxes(staying, places)
  const within = (id: string, box: Box | undefined) => {
    const [x, y] = [places[id]![0] + CARD.width / 2, places[id]![1] + CARD.height / 2]
    return box !== undefined && x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height
  }
  const nodes = [...dropped].filter((id) => places[id])
  const next = staying.map((group, index) => {
    // All of a group moved together: nobody left it.
    if (group.members.length === 0) return groups[index]!
    // Of a folded group one sees no box that something could be put into.
    if (group.collapsed) return groups[index]!
    return { ...group, members: [...group.members, ...nodes.filter((id) => within(id, boxes[group.id]))] }
  })
  const same = next.every((group, index) => group.members.length === groups[index]!.members.length && group.members.every((id) => groups[index]!.members.includes(id)))
  return same ? graph : withGroups(graph, next)
}

export function addNote(graph: Graph, at: Point, look: Note['look'], text = ''): [Graph, string] {
  const notes = notesOf(graph)
  const id = unused('note:1', new Set(notes.map((note) => note.id)))
  const placed = withView(graph, 'notes', [...notes, { id, text, look }])
  return [withView(placed, 'positions', { ...graph.view?.positions, [id]: [Math.round(at[0]), Math.round(at[1])] }), id]
}

export const setNote = (graph: Graph, id: string, text: string): Graph =>
  withView(graph, 'notes', text.trim() === '' ? notesOf(graph).filter((note) => note.id !== id) : notesOf(graph).map((note) => (note.id === id ? { ...note, text } : note)))

/** Lay down the points that a wire passes; none lets it find its own way. */
export function setWaypoints(graph: Graph, wire: string, points: readonly Point[]): Graph {
  if (points.length === 0 && waypointsOf(graph, wire).length === 0) return graph
  const { [wire]: _, ...others } = (graph.view?.['waypoints'] ?? {}) as Record<string, Point[]>
  return withView(graph, 'waypoints', points.length ? { ...others, [wire]: points.map(([x, y]) => [Math.round(x), Math.round(y)]) } : others)
}

/** The graph without what is said of nodes and wires that are gone. */
export function pruned(graph: Graph, gone: ReadonlySet<string>): Graph {
  const view = graph.view ?? {}
  let next = graph
  if (view['notes']) next = withView(next, 'notes', notesOf(next).filter((note) => !gone.has(note.id)))
  if (view['groups']) next = withView(next, 'groups', groupsOf(next))
  if (view['waypoints']) {
    const wires = new Set(graph.wires.map((wire) => wire.id))
    next = withView(next, 'waypoints', Object.fromEntries(Object.entries(view['waypoints'] as object).filter(([id]) => wires.has(id))))
  }
  return next
}

/** Waypoints after nodes moved: those of wires whose two ends moved alike move along. */
export function carried(graph: Graph, positions: Record<string, Point>): Graph {
  const waypoints = graph.view?.['waypoints'] as Record<string, Point[]> | undefined
  if (!waypoints || Object.keys(waypoints).length === 0) return graph
  const shiftOf = (id: string): Point | null => {
    const to = positions[id]
    const from = positionOf(graph, id)
    return to ? [to[0] - from[0], to[1] - from[1]] : null
  }
  let next = graph
  for (const wire of graph.wires) {
    const points = waypointsOf(graph, wire.id)
    const [one, other] = [shiftOf(wire.from.node), shiftOf(wire.to.node)]
    if (points.length && one && other && one[0] === other[0] && one[1] === other[1]) next = setWaypoints(next, wire.id, points.map(([x, y]) => [x + one[0], y + one[1]]))
  }
  return next
}
