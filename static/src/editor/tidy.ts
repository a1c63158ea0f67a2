/** Lays a diagram out from left to right with ELK, loaded when it is first asked for. */

import { flowOrder } from './flow'
import { CARD, positionOf, snap, type Point } from './graph'
import type { Graph } from '../api/types'
import { glide } from './stage'
import { useEditor } from './store'

const COLUMN_GAP = 96
const ROW_GAP = 56

/** New places of `only` these nodes (all, if not said); the layout keeps the top left corner where it was. */
export async function tidyPlaces(graph: Graph, only?: ReadonlySet<string>): Promise<Record<string, Point>> {
  const nodes = flowOrder(graph).filter((id) => !only || only.has(id)).map((id) => ({ id }))
  if (nodes.length < 2) return {}
  const chosen = new Set(nodes.map((node) => node.id))
  const { default: ELK } = await import('elkjs/lib/elk.bundled.js')
  const laid = await new ELK().layout({
    id: 'diagram',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'RIGHT',
      'elk.layered.spacing.nodeNodeBetweenLayers': String(COLUMN_GAP),
      'elk.spacing.nodeNode': String(ROW_GAP),
      'elk.spacing.componentComponent': String(ROW_GAP),
      'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
      // Nodes are given in the order of the flow: where wires go in a loop, the wire back is the one that runs backwards.
      'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
    },
    children: nodes.map((node) => ({ id: node.id, width: CARD.width, height: CARD.height })),
    edges: graph.wires
      .filter((wire) => chosen.has(wire.from.node) && chosen.has(wire.to.node) && wire.from.node !== wire.to.node)
      .map((wire) => ({ id: wire.id, sources: [wire.from.node], targets: [wire.to.node] })),
  })
  const before = nodes.map((node) => positionOf(graph, node.id))
  const corner: Point = [Math.min(...before.map(([x]) => x)), Math.min(...before.map(([, y]) => y))]
  const children = laid.children ?? []
  const left = Math.min(...children.map((child) => child.x ?? 0))
  const top = Math.min(...children.map((child) => child.y ?? 0))
  return Object.fromEntries(children.map((child) => [child.id, [snap(corner[0] + (child.x ?? 0) - left), snap(corner[1] + (child.y ?? 0) - top)] as Point]))
}

/** Tidy the selected nodes, or all if fewer than two are selected: they glide to their places, and it is one step of undo. */
export async function tidy(): Promise<void> {
  const { graph, selection, readOnly } = useEditor.getState()
  if (readOnly) return
  const places = await tidyPlaces(graph, selection.nodes.size > 1 ? selection.nodes : undefined)
  if (useEditor.getState().graph !== graph || Object.keys(places).length === 0) return
  await glide(Object.fromEntries(Object.keys(places).map((id) => [id, positionOf(graph, id)])), places)
  if (useEditor.getState().graph === graph) useEditor.getState().move(places)
}
