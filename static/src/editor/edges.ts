/** Wires as React Flow draws them: where they leave a card, how they run, what stands on them. */

import type { Edge } from '@xyflow/react'

import { portOf, portsOf } from '../api/catalog'
import type { Graph, GraphNode, Port, Service } from '../api/types'
import { CARD, type Point } from './graph'
import { waypointsOf } from './annotations'
import { boxes, route, through, type Box, type Side } from './routing'
import { separate } from './separate'

export interface WireData extends Record<string, unknown> { points: Point[]; failure: boolean; label: string; waypoints: Point[] }

export const TARGET_HANDLE = 'target'
export const FOLDED_HANDLE = 'folded'

/** Where on a card's border a port sits. */
export function anchor(ports: readonly Port[], port: string, at: Point): { point: Point; side: Side; failure: boolean } {
  const outputs = ports.filter((found) => found.direction === 'out')
  const failing = outputs.filter((found) => found.role === 'failure')
  const main = outputs.filter((found) => found.role === 'main')
  const failure = failing.findIndex((found) => found.name === port)
  if (failure >= 0) return { point: [at[0] + Math.round(((failure + 1) * CARD.width) / (failing.length + 1)), at[1] + CARD.height], side: 'bottom', failure: true }
  const place = Math.max(0, main.findIndex((found) => found.name === port))
  return { point: [at[0] + CARD.width, at[1] + Math.round(((place + 1) * CARD.height) / (Math.max(1, main.length) + 1))], side: 'right', failure: false }
}

const SHOWN_VALUES = 2

/** What differs from the default on a wire, in a few words. */
function labelOf(nodes: Map<string, GraphNode>, services: Record<string, Service>, wire: Graph['wires'][number]): string {
  const values = Object.entries(wire.parameters)
  if (values.length === 0) return ''
  const schema = portOf(services, nodes.get(wire.from.node), wire.from.port)?.wire_parameters ?? portOf(services, nodes.get(wire.to.node), wire.to.port)?.wire_parameters
  return values
    .slice(0, SHOWN_VALUES)
    .map(([name, value]) => {
      const title = (schema?.properties?.[name]?.title ?? name).toLowerCase()
      if (value === true) return title
      return typeof value === 'object' && value !== null ? title : `${title} ${String(value)}`
    })
    .join(' · ')
}

interface Drawing { graph: Graph; services: Record<string, Service>; nodes: Map<string, GraphNode>; names: Map<string, string>; obstacles: Box[]; folded: Record<string, string> }

function drawingOf(graph: Graph, services: Record<string, Service>, obstacles: Box[], folded: Record<string, string>): Drawing {
  return { graph, services, obstacles, folded, nodes: new Map(graph.nodes.map((node) => [node.id, node])), names: new Map(graph.nodes.map((node) => [node.id, node.name || node.id])) }
}

function edgeOf(wire: Graph['wires'][number], { graph, services, nodes, names, obstacles, folded }: Drawing, places: Record<string, Point>): Edge<WireData> | null {
  const [source, target] = [folded[wire.from.node], folded[wire.to.node]]
  const [from, to] = [places[source ?? wire.from.node], places[target ?? wire.to.node]]
  // A wire within a folded group is folded away with it.
  if (!from || !to || (source !== undefined && source === target)) return null
  const { point, side, failure } = anchor(source ? [] : portsOf(services, nodes.get(wire.from.node)), wire.from.port, from)
  const waypoints = source || target ? [] : waypointsOf(graph, wire.id)
  const end: Point = [to[0], to[1] + CARD.height / 2]
  const points = waypoints.length ? through(point, side, waypoints, end) : route(point, side, end, obstacles)
  return {
    id: wire.id, source: source ?? wire.from.node, sourceHandle: source ? FOLDED_HANDLE : wire.from.port, target: target ?? wire.to.node, targetHandle: TARGET_HANDLE, type: 'wire',
    reconnectable: !source && !target, data: { points, failure, label: labelOf(nodes, services, wire), waypoints }, ariaLabel: `Wire from ${names.get(wire.from.node)} to ${names.get(wire.to.node)}`,
  }
}

/** The wires of a graph (`folded` names the folded group that a node is shown as), led round the cards, and apart where they would lie on each other. */
export function edgesOf(graph: Graph, services: Record<string, Service>, places: Record<string, Point>, folded: Record<string, string> = {}): Edge<WireData>[] {
  const obstacles = Object.values(boxes(places))
  const drawing = drawingOf(graph, services, obstacles, folded)
  const edges = graph.wires.flatMap((wire) => edgeOf(wire, drawing, places) ?? [])
  const apart = separate(edges.map((edge) => ({ id: edge.id, source: edge.source, from: `${edge.source}.${edge.sourceHandle}`, to: edge.target, points: edge.data!.points })), obstacles)
  return edges.map((edge, index) => ({ ...edge, data: { ...edge.data!, points: apart[index]! } }))
}

/** The same wires while some nodes are on the move: wires at those follow them, heedless of other cards; all others stay. */
export function followed(edges: Edge<WireData>[], graph: Graph, services: Record<string, Service>, places: Record<string, Point>, moving: Record<string, Point>, folded: Record<string, string> = {}): Edge<WireData>[] {
  const drawing = drawingOf(graph, services, [], folded)
  const wires = new Map(graph.wires.map((wire) => [wire.id, wire]))
  return edges.map((edge) => (edge.source in moving || edge.target in moving ? edgeOf(wires.get(edge.id)!, drawing, places) ?? edge : edge))
}
