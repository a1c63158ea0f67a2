/** One-click tidy: places the cards in layers along the flow, with ELK (loaded when it is first used). */

import { CARD, positionOf, snap, type Point } from './graph'
import { useEditor } from './store'

/** Tidy the selected nodes, or all if fewer than two are selected. */
export async function tidy(): Promise<void> {
  const { graph, selection, move } = useEditor.getState()
  const ids = selection.nodes.size > 1 ? selection.nodes : new Set(graph.nodes.map((node) => node.id))
  if (ids.size === 0) return
  const { default: Elk } = await import('elkjs/lib/elk.bundled.js')
  const laid = await new Elk().layout({
    id: 'root',
    layoutOptions: {
      'elk.algorithm': 'layered', 'elk.direction': 'RIGHT', 'elk.layered.spacing.nodeNodeBetweenLayers': '96', 'elk.spacing.nodeNode': '56',
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
    },
    children: graph.nodes.filter((node) => ids.has(node.id)).map((node) => ({ id: node.id, width: CARD.width, height: CARD.height })),
    edges: graph.wires.filter((wire) => ids.has(wire.from.node) && ids.has(wire.to.node)).map((wire) => ({ id: wire.id, sources: [wire.from.node], targets: [wire.to.node] })),
  })
  const places = [...ids].map((id) => positionOf(graph, id))
  const corner: Point = [Math.min(...places.map((place) => place[0])), Math.min(...places.map((place) => place[1]))]
  const children = laid.children ?? []
  const left = Math.min(...children.map((child) => child.x ?? 0))
  const top = Math.min(...children.map((child) => child.y ?? 0))
  move(Object.fromEntries(children.map((child) => [child.id, [snap(corner[0] + (child.x ?? 0) - left), snap(corner[1] + (child.y ?? 0) - top)] as Point])))
}
