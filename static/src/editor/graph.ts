/** Changes of a graph, as pure functions: each takes a graph and returns a new one. */

import type { Graph, GraphNode, GraphWire, Preset, Service, Values } from '../api/types'
import { addGroup, addNote, carried, changeGroup, groupsOf, notesOf, pruned, regrouped, setWaypoints, waypointsOf, type Group, type Note } from './annotations'
import { CARD, GRID, type Point } from './card'

export { CARD, GRID, type Point } from './card'

export const snap = (value: number): number => Math.round(value / GRID) * GRID

const byId = new WeakMap<readonly GraphNode[], Map<string, GraphNode>>()

/** The node of this id, found at once however many there are. */
export function nodeIn(graph: Graph, id: string): GraphNode | undefined {
  let found = byId.get(graph.nodes)
  if (!found) byId.set(graph.nodes, (found = new Map(graph.nodes.map((node) => [node.id, node]))))
  return found.get(id)
}

/** The place of a node; nodes without one stand in a column at the left. */
export function positionOf(graph: Graph, id: string): Point {
  const known = graph.view?.positions?.[id]
  if (known && Number.isFinite(known[0]) && Number.isFinite(known[1])) return known
  const place = graph.nodes.findIndex((node) => node.id === id)
  return [0, Math.max(0, place) * (CARD.height + 40)]
}

/** A name or id that is not taken yet: `base`, or `base 2`, `base 3`... */
export function unused(base: string, taken: ReadonlySet<string>, joint = '-'): string {
  if (!taken.has(base)) return base
  let number = 2
  while (taken.has(`${base}${joint}${number}`)) number += 1
  return `${base}${joint}${number}`
}

const idsOf = (graph: Graph) => new Set([...graph.nodes.map((node) => node.id), ...graph.wires.map((wire) => wire.id)])
const namesOf = (graph: Graph) => new Set(graph.nodes.map((node) => node.name))

/** Place a new node; returns the graph and the node's id. */
export function addNode(graph: Graph, service: Service, at: Point, preset?: Preset): [Graph, string] {
  const id = unused(service.kind, idsOf(graph))
  const name = unused((preset?.title ?? service.neutral_title).toLowerCase(), namesOf(graph))
  const node: GraphNode = { id, kind: service.kind, name, parameters: structuredClone(preset?.parameters ?? {}) }
  return [moveNodes({ ...graph, nodes: [...graph.nodes, node] }, { [id]: [snap(at[0]), snap(at[1])] }), id]
}

export function moveNodes(graph: Graph, positions: Record<string, Point>): Graph {
  const next = carried(graph, positions)
  return { ...next, view: { ...next.view, positions: { ...next.view?.positions, ...positions } } }
}

export function addWire(graph: Graph, from: GraphWire['from'], to: GraphWire['to']): [Graph, string] {
  const taken = idsOf(graph)
  let number = graph.wires.length + 1
  while (taken.has(`w${number}`)) number += 1
  const id = `w${number}`
  return [{ ...graph, wires: [...graph.wires, { id, from, to, parameters: {} }] }, id]
}

/** Remove nodes with all their wires, and wires. */
export function remove(graph: Graph, nodes: ReadonlySet<string>, wires: ReadonlySet<string>): Graph {
  const positions = Object.fromEntries(Object.entries(graph.view?.positions ?? {}).filter(([id]) => !nodes.has(id)))
  const left = {
    ...graph,
    nodes: graph.nodes.filter((node) => !nodes.has(node.id)),
    wires: graph.wires.filter((wire) => !wires.has(wire.id) && !nodes.has(wire.from.node) && !nodes.has(wire.to.node)),
    view: { ...graph.view, positions },
  }
  return pruned(left, nodes)
}

export function renameNode(graph: Graph, id: string, name: string): Graph {
  return { ...graph, nodes: graph.nodes.map((node) => (node.id === id ? { ...node, name } : node)) }
}

/** Set a parameter; `undefined` removes it, so that the default holds again. */
export function withValue(values: Values, name: string, value: unknown): Values {
  const { [name]: _, ...rest } = values
  return value === undefined ? rest : { ...rest, [name]: value }
}

/** Set a parameter of nodes or wires, of all alike. */
export function setParameters(graph: Graph, ids: ReadonlySet<string>, name: string, value: unknown): Graph {
  const set = <Owner extends GraphNode | GraphWire>(owner: Owner): Owner => (ids.has(owner.id) ? { ...owner, parameters: withValue(owner.parameters, name, value) } : owner)
  return { ...graph, nodes: graph.nodes.some((node) => ids.has(node.id)) ? graph.nodes.map(set) : graph.nodes, wires: graph.wires.some((wire) => ids.has(wire.id)) ? graph.wires.map(set) : graph.wires }
}

/** A part of a graph, as it travels through the clipboard. */
export interface Clipping { backwater: 'clipping'; nodes: GraphNode[]; wires: GraphWire[]; positions: Record<string, Point>; notes?: Note[]; groups?: Group[]; waypoints?: Record<string, Point[]> }

export function clip(graph: Graph, ids: ReadonlySet<string>): Clipping {
  const wires = graph.wires.filter((wire) => ids.has(wire.from.node) && ids.has(wire.to.node))
  return {
    backwater: 'clipping',
    nodes: graph.nodes.filter((node) => ids.has(node.id)),
    wires,
    waypoints: Object.fromEntries(wires.map((wire) => [wire.id, waypointsOf(graph, wire.id)])),
    positions: Object.fromEntries([...ids].map((id) => [id, positionOf(graph, id)])),
    notes: notesOf(graph).filter((note) => ids.has(note.id)),
    groups: groupsOf(graph).filter((group) => group.members.every((id) => ids.has(id))),
  }
}

const NO_GRAPH: Graph = { version: 1, name: '', nodes: [], wires: [] }

export function readClipping(text: string): Clipping | null {
  try {
    const parsed = JSON.parse(text) as Partial<Clipping> | null
    if (parsed?.backwater !== 'clipping' || !Array.isArray(parsed.nodes) || !Array.isArray(parsed.wires)) return null
    const nodes = parsed.nodes.filter((node) => typeof node?.id === 'string' && typeof node.kind === 'string')
    const known = new Set(nodes.map((node) => node.id))
    const wires = parsed.wires.filter((wire) => known.has(wire?.from?.node) && known.has(wire?.to?.node))
    return {
      backwater: 'clipping', positions: parsed.positions ?? {},
      notes: notesOf({ ...NO_GRAPH, view: { notes: parsed.notes } }), groups: groupsOf({ ...NO_GRAPH, nodes, view: { groups: parsed.groups } }), waypoints: Object.fromEntries(wires.map((wire) => [wire.id, waypointsOf({ ...NO_GRAPH, view: { waypoints: parsed.waypoints } }, wire.id)])),
      nodes: nodes.map((node) => ({ ...node, name: String(node.name ?? node.id), parameters: node.parameters ?? {} })),
      wires: wires.map((wire) => ({ ...wire, parameters: wire.parameters ?? {} })),
    }
  } catch {
    return null
  }
}

/** Paste a clipping with new ids, its inner wires kept, its top left corner at `at` (or a step beside where it was). */
export function paste(graph: Graph, clipping: Clipping, at?: Point): [Graph, string[]] {
  const taken = idsOf(graph)
  const names = namesOf(graph)
  const renamed = new Map<string, string>()
  const places = [...clipping.nodes, ...(clipping.notes ?? [])].map((one) => clipping.positions[one.id] ?? [0, 0])
  const corner: Point = [Math.min(...places.map((place) => place[0])), Math.min(...places.map((place) => place[1]))]
  const offset: Point = at ? [Math.round(at[0]) - corner[0], Math.round(at[1]) - corner[1]] : [2 * GRID, 2 * GRID]
  const positions: Record<string, Point> = {}
  const nodes = clipping.nodes.map((node, index) => {
    const id = unused(node.id.replace(/-\d+$/, ''), taken)
    const name = unused(node.name.replace(/-\d+$/, ''), names)
    taken.add(id)
    names.add(name)
    renamed.set(node.id, id)
    positions[id] = [places[index]![0] + offset[0], places[index]![1] + offset[1]]
    return { ...node, id, name, parameters: structuredClone(node.parameters) }
  })
  let result: Graph = moveNodes({ ...graph, nodes: [...graph.nodes, ...nodes] }, positions)
  for (const wire of clipping.wires) {
    const [next, id] = addWire(result, { ...wire.from, node: renamed.get(wire.from.node)! }, { ...wire.to, node: renamed.get(wire.to.node)! })
    const points = (clipping.waypoints?.[wire.id] ?? []).map(([x, y]): Point => [x + offset[0], y + offset[1]])
    result = { ...next, wires: next.wires.map((added) => (added.id === id ? { ...added, parameters: structuredClone(wire.parameters) } : added)) }
    if (points.length) result = setWaypoints(result, id, points)
  }
  return pasteAnnotations(result, clipping, renamed, offset, nodes.map((node) => node.id))
}

function pasteAnnotations(graph: Graph, clipping: Clipping, renamed: Map<string, string>, offset: Point, ids: string[]): [Graph, string[]] {
  let result = graph
  for (const note of clipping.notes ?? []) {
    const [x, y] = clipping.positions[note.id] ?? [0, 0]
    const [next, id] = addNote(result, [x + offset[0], y + offset[1]], note.look, note.text)
    result = next
    ids.push(id)
  }
  for (const group of clipping.groups ?? []) {
    const [next, id] = addGroup(result, group.members.map((member) => renamed.get(member)!), group.kind, group.title)
    result = group.collapsed ? changeGroup(next, id, { collapsed: true }) : next
  }
  // What brings a box of its own stays in that; the rest is in the boxes it is put down in.
  const boxed = new Set((clipping.groups ?? []).flatMap((group) => group.members.map((id) => renamed.get(id)!)))
  return [regrouped(result, new Set([...renamed.values()].filter((id) => !boxed.has(id)))), ids]
}
