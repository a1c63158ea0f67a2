/** Lays a diagram out from left to right with ELK, loaded when it is first asked for. */

import { groupsOf, setWaypoints } from './annotations'
import { flowOrder } from './flow'
import { CARD, moveNodes, positionOf, snap, type Point } from './graph'
import { foldedInto, foldedPlaces } from './groupNodes'
import type { Graph } from '../api/types'
import { glide } from './stage'
import { useEditor } from './store'

const COLUMN_GAP = 96
const ROW_GAP = 56

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.layered.spacing.nodeNodeBetweenLayers': String(COLUMN_GAP),
  'elk.spacing.nodeNode': String(ROW_GAP),
  'elk.spacing.componentComponent': String(ROW_GAP),
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  // Nodes are given in the order of the flow: where wires go in a loop, the wire back is the one that runs backwards.
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
}

/** New places of cards, wired as said; the top left corner stays where it was. */
async function laidOut(before: Record<string, Point>, wires: readonly (readonly [string, string])[]): Promise<Record<string, Point>> {
  const { default: ELK } = await import('elkjs/lib/elk.bundled.js')
  const { children = [] } = await new ELK().layout({
    id: 'diagram',
    layoutOptions: OPTIONS,
    children: Object.keys(before).map((id) => ({ id, width: CARD.width, height: CARD.height })),
    edges: wires.map(([from, to], index) => ({ id: `wire ${index}`, sources: [from], targets: [to] })),
  })
  const corner = [0, 1].map((axis) => Math.min(...Object.values(before).map((place) => place[axis]!))) as Point
  const [left, top] = [Math.min(...children.map((child) => child.x ?? 0)), Math.min(...children.map((child) => child.y ?? 0))]
  return Object.fromEntries(children.map((child) => [child.id, [snap(corner[0] + (child.x ?? 0) - left), snap(corner[1] + (child.y ?? 0) - top)] as Point]))
}

/** New places of `only` these nodes (all, if not said). A folded group is laid out as the one card that it is seen as; what is in it stays as it is among itself. */
export async function tidyPlaces(graph: Graph, only?: ReadonlySet<string>): Promise<Record<string, Point>> {
  const groups = groupsOf(graph)
  const folded = foldedInto(groups)
  const shown = (id: string) => folded[id] ?? id
  const places = Object.fromEntries(graph.nodes.map((node) => [node.id, positionOf(graph, node.id)]))
  const all: Record<string, Point> = { ...places, ...foldedPlaces(groups, places) }
  const ids = flowOrder(graph).filter((id) => !only || only.has(id))
  const cards = Object.fromEntries(ids.map((id) => [shown(id), all[shown(id)]!]))
  if (Object.keys(cards).length < 2) return {}
  const wires = graph.wires.map((wire) => [shown(wire.from.node), shown(wire.to.node)] as const).filter(([from, to]) => from !== to && from in cards && to in cards)
  const laid = await laidOut(cards, wires)
  return Object.fromEntries(ids.map((id) => {
    const [to, from] = [laid[shown(id)]!, cards[shown(id)]!]
    return [id, [places[id]![0] + to[0] - from[0], places[id]![1] + to[1] - from[1]] as Point]
  }))
}

/** The graph with nodes at the places of a layout: wires between them find their ways anew, whatever way was laid down for them before. */
export function tidied(graph: Graph, places: Record<string, Point>): Graph {
  const among = graph.wires.filter((wire) => wire.from.node in places && wire.to.node in places)
  return among.reduce((next, wire) => setWaypoints(next, wire.id, []), moveNodes(graph, places))
}

/** Tidy the selected nodes, or all if fewer than two are selected: they glide to their places, and it is one step of undo. */
export async function tidy(): Promise<void> {
  const { graph, selection, readOnly } = useEditor.getState()
  if (readOnly) return
  const places = await tidyPlaces(graph, selection.nodes.size > 1 ? selection.nodes : undefined)
  if (useEditor.getState().graph !== graph || Object.keys(places).length === 0) return
  await glide(Object.fromEntries(Object.keys(places).map((id) => [id, positionOf(graph, id)])), places)
  if (useEditor.getState().graph === graph) useEditor.getState().change(tidied(graph, places))
}
