/** Changes of a graph, as pure functions: each takes a graph and returns a new one. */

import type { Graph, GraphNode, GraphWire, Preset, Service, Values } from '../api/types'

export type Point = [number, number]

export const GRID = 20
export const CARD = { width: 184, height: 64 }

export const snap = (value: number): number => Math.round(value / GRID) * GRID

/** The place of a node; nodes without one stand in a column at the left. */
export function positionOf(graph: Graph, id: string): Point {
  const known = graph.view?.positions?.[id]
  if (known) return known
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
  return { ...graph, view: { ...graph.view, positions: { ...graph.view?.positions, ...positions } } }
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
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => !nodes.has(node.id)),
    wires: graph.wires.filter((wire) => !wires.has(wire.id) && !nodes.has(wire.from.node) && !nodes.has(wire.to.node)),
    view: { ...graph.view, positions },
  }
}

export function renameNode(graph: Graph, id: string, name: string): Graph {
  return { ...graph, nodes: graph.nodes.map((node) => (node.id === id ? { ...node, name } : node)) }
}

/** Set a parameter; `undefined` removes it, so that the default holds again. */
export function withValue(values: Values, name: string, value: unknown): Values {
  const { [name]: _, ...rest } = values
  return value === undefined ? rest : { ...rest, [name]: value }
}

export function setNodeParameter(graph: Graph, id: string, name: string, value: unknown): Graph {
  return { ...graph, nodes: graph.nodes.map((node) => (node.id === id ? { ...node, parameters: withValue(node.parameters, name, value) } : node)) }
}

export function setWireParameter(graph: Graph, id: string, name: string, value: unknown): Graph {
  return { ...graph, wires: graph.wires.map((wire) => (wire.id === id ? { ...wire, parameters: withValue(wire.parameters, name, value) } : wire)) }
}

/** A part of a graph, as it travels through the clipboard. */
export interface Clipping { backwater: 'clipping'; nodes: GraphNode[]; wires: GraphWire[]; positions: Record<string, Point> }

export function clip(graph: Graph, ids: ReadonlySet<string>): Clipping {
  return {
    backwater: 'clipping',
    nodes: graph.nodes.filter((node) => ids.has(node.id)),
    wires: graph.wires.filter((wire) => ids.has(wire.from.node) && ids.has(wire.to.node)),
    positions: Object.fromEntries([...ids].map((id) => [id, positionOf(graph, id)])),
  }
}

export function readClipping(text: string): Clipping | null {
  try {
    const parsed = JSON.parse(text) as Partial<Clipping> | null
    if (parsed?.backwater !== 'clipping' || !Array.isArray(parsed.nodes) || !Array.isArray(parsed.wires)) return null
    const nodes = parsed.nodes.filter((node) => typeof node?.id === 'string' && typeof node.kind === 'string')
    const known = new Set(nodes.map((node) => node.id))
    const wires = parsed.wires.filter((wire) => known.has(wire?.from?.node) && known.has(wire?.to?.node))
    return {
      backwater: 'clipping', positions: parsed.positions ?? {},
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
  const places = clipping.nodes.map((node) => clipping.positions[node.id] ?? [0, 0])
  const corner: Point = [Math.min(...places.map((place) => place[0])), Math.min(...places.map((place) => place[1]))]
  const offset: Point = at ? [snap(at[0]) - corner[0], snap(at[1]) - corner[1]] : [2 * GRID, 2 * GRID]
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
    result = { ...next, wires: next.wires.map((added) => (added.id === id ? { ...added, parameters: structuredClone(wire.parameters) } : added)) }
  }
  return [result, nodes.map((node) => node.id)]
}
