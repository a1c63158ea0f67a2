/** Changes of a graph that keep messages flowing: nodes taken out of a line, put into one, wires led elsewhere. */

import { portOf, portsOf } from '../api/catalog'
import type { Graph, GraphWire, Service } from '../api/types'
import { setWaypoints } from './annotations'
import { addNode, addWire, CARD, positionOf, remove, type Point } from './graph'
import { endsAt, landing, type Ends } from './legality'
import { crosses, type Box } from './routing'

type Services = Record<string, Service>

/** What is left after nodes were taken out, and for those who could not be joined, why. */
export interface Joined { graph: Graph; refused: string[] }

/**
 * Remove nodes and join what sent to them with what they sent to, wherever such a wire is legal. A new wire keeps the parameters of the old one
 * that belong to where it begins.
 */
export function removeAndJoin(graph: Graph, services: Services, nodes: ReadonlySet<string>, wires: ReadonlySet<string> = new Set()): Joined {
  const goals = (id: string, seen: Set<string>): string[] => {
    if (!nodes.has(id)) return [id]
    if (seen.has(id)) return []
    seen.add(id)
    return graph.wires.filter((wire) => wire.from.node === id && mainPort(graph, services, wire)).flatMap((wire) => goals(wire.to.node, seen))
  }
  let result = remove(graph, nodes, wires)
  const refused: string[] = []
  for (const wire of graph.wires) {
    if (nodes.has(wire.from.node) || !nodes.has(wire.to.node)) continue
    for (const goal of new Set(goals(wire.to.node, new Set()))) {
      const found = landing(services, result, wire.from, goal)
      if (found.reason === null) result = joinedBy(result, services, wire, { node: goal, port: found.port })
      else if (!areWired(result, wire.from.node, goal)) refused.push(`“${nameOf(graph, wire.from.node)}” and “${nameOf(graph, goal)}” are not joined: ${found.reason}`)
    }
  }
  return { graph: result, refused }
}

const nameOf = (graph: Graph, id: string) => graph.nodes.find((node) => node.id === id)?.name || id

const areWired = (graph: Graph, from: string, to: string) => graph.wires.some((wire) => wire.from.node === from && wire.to.node === to)

/** Lay a wire in the place of one whose end is gone. */
function joinedBy(graph: Graph, services: Services, old: GraphWire, to: GraphWire['to']): Graph {
  const [next, id] = addWire(graph, old.from, to)
  const owned = portOf(services, graph.nodes.find((node) => node.id === old.from.node), old.from.port)?.wire_parameters
  return owned ? { ...next, wires: next.wires.map((wire) => (wire.id === id ? { ...wire, parameters: structuredClone(old.parameters) } : wire)) } : next
}

/** Whether a wire leaves by a port of the main way, not by one for failures. */
function mainPort(graph: Graph, services: Services, wire: GraphWire): boolean {
  return portOf(services, graph.nodes.find((node) => node.id === wire.from.node), wire.from.port)?.role !== 'failure'
}

/** Lead a wire to other ends. It keeps its parameters if the port that owns them stays. */
export function reconnect(graph: Graph, services: Services, id: string, ends: Ends): Graph {
  const portAt = (end: GraphWire['from']) => portOf(services, graph.nodes.find((found) => found.id === end.node), end.port)
  return {
    ...graph,
    wires: graph.wires.map((wire) => {
      if (wire.id !== id) return wire
      const owner = portAt(wire.from)?.wire_parameters ? 'from' : 'to'
      const stays = portAt(wire[owner]) !== undefined && portAt(wire[owner]) === portAt(ends[owner])
      return { ...wire, ...ends, parameters: stays ? wire.parameters : {} }
    }),
  }
}

/** Put a node into a wire: what came over the wire now goes through the node. Null where that is illegal. */
export function splice(graph: Graph, services: Services, node: string, id: string): Graph | null {
  const wire = graph.wires.find((found) => found.id === id)
  if (!wire || wire.from.node === node || wire.to.node === node) return null
  const without = { ...graph, wires: graph.wires.filter((found) => found.id !== id) }
  const entry = landing(services, without, wire.from, node)
  if (entry.reason !== null) return null
  // The points it passed lead past the node that it now ends at.
  const led = setWaypoints(reconnect(graph, services, id, { from: wire.from, to: { node, port: entry.port } }), id, [])
  for (const port of portsOf(services, graph.nodes.find((found) => found.id === node))) {
    if (port.direction !== 'out' || port.role !== 'main') continue
    const exit = landing(services, led, { node, port: port.name }, wire.to.node, wire.to.port)
    const found = exit.reason === null ? exit : landing(services, led, { node, port: port.name }, wire.to.node)
    if (found.reason === null) return addWire(led, { node, port: port.name }, { node: wire.to.node, port: found.port })[0]
  }
  return null
}

/** Place a new node between two others and wire it to both; returns the graph and the node's id, or null where that is illegal. */
export function insertBetween(graph: Graph, service: Service, services: Services, from: GraphWire['from'], to: string, at: Point): [Graph, string] | null {
  const [placed, id] = addNode(graph, service, at)
  const entry = endsAt(services, placed, from, id)
  if (!('from' in entry)) return null
  const entered = addWire(placed, entry.from, entry.to)[0]
  for (const port of service.ports) {
    if (port.direction !== 'out' || port.role !== 'main') continue
    const exit = landing(services, entered, { node: id, port: port.name }, to)
    if (exit.reason === null) return [addWire(entered, { node: id, port: port.name }, { node: to, port: exit.port })[0], id]
  }
  return null
}

/** Half way between two nodes. */
export function midway(graph: Graph, from: string, to: string): Point {
  const [one, other] = [positionOf(graph, from), positionOf(graph, to)]
  return [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2]
}

const CORE = 0.6

/** The first wire that runs through the middle of a card at this place. */
export function wireUnder(place: Point, routes: readonly { id: string; points: readonly Point[] }[]): string | null {
  const core: Box = { x: place[0] + (CARD.width * (1 - CORE)) / 2, y: place[1] + (CARD.height * (1 - CORE)) / 2, width: CARD.width * CORE, height: CARD.height * CORE }
  return routes.find(({ points }) => points.some((point, index) => index > 0 && crosses(points[index - 1]!, point, core)))?.id ?? null
}
