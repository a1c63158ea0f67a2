/** Dragging nodes: they rest on guides or the grid, move together, and with Alt leave their originals behind. One drag, one step of undo. */

import type { Edge, NodeChange } from '@xyflow/react'

import { useCatalog } from '../api/catalog'
import { notesOf, regrouped } from './annotations'
import type { WireData } from './edges'
import { groupNodes } from './groupNodes'
import { CARD, clip, moveNodes, positionOf, type Point } from './graph'
import { around, resting } from './guides'
import { splice, wireUnder } from './rewire'
import { boxes } from './routing'
import { useStage } from './stage'
import { useEditor } from './store'

const REACH_PX = 6

/** A drag begins: with Alt held, it moves a copy. */
export function beginDrag(ids: readonly string[], copying: boolean): void {
  useStage.setState({ copied: copying ? ids.flatMap((id) => groupNodes.origin(id)?.members ?? id) : [] })
}

/** Follow the changes of place that a drag reports; its last one ends as one change of the diagram. */
export function followDrag(changes: readonly NodeChange[], zoom: number, routes: readonly Edge<WireData>[]): void {
  const editor = useEditor.getState()
  if (editor.readOnly) return
  const dragged: Record<string, Point> = {}
  let done = false
  let boxed = false
  for (const change of changes) {
    if (change.type !== 'position' || !change.position) continue
    const { x, y } = change.position
    const group = groupNodes.origin(change.id)
    if (group) {
      // A box was taken by its head: everything in it moves.
      boxed = true
      for (const id of group.members) {
        const [oldX, oldY] = positionOf(editor.graph, id)
        dragged[id] = [oldX + x - group.at[0], oldY + y - group.at[1]]
      }
    } else dragged[change.id] = [x, y]
    done ||= change.dragging === false
  }
  const ids = Object.keys(dragged)
  if (ids.length === 0) return
  const { moved, guides } = rest(dragged, zoom)
  const { copied } = useStage.getState()
  const splicing = ids.length === 1 && copied.length === 0 ? wireFor(ids[0]!, moved[ids[0]!]!, routes) : null
  if (!done) {
    useStage.setState({ moving: moved, guides, splicing, boxed })
    return
  }
  useStage.setState({ moving: null, guides: [], copied: [], splicing: null, boxed: false })
  if (ids.every((id) => same(positionOf(editor.graph, id), moved[id]!))) return
  if (copied.length) {
    const clipping = clip(editor.graph, new Set(copied))
    const corner = around(copied.map((id) => ({ x: moved[id]![0], y: moved[id]![1], ...CARD })))
    editor.pasteClipping(clipping, [corner.x, corner.y])
  } else {
    const placed = moveNodes(editor.graph, moved)
    const spliced = splicing ? splice(placed, useCatalog.getState().services, ids[0]!, splicing) : null
    editor.change(boxed ? placed : regrouped(spliced ?? placed, new Set(ids)))
  }
}

/** The wire that takes up a dragged node which has no wires yet. */
function wireFor(id: string, at: Point, routes: readonly Edge<WireData>[]): string | null {
  const { graph } = useEditor.getState()
  if (graph.wires.some((wire) => wire.from.node === id || wire.to.node === id)) return null
  const wire = wireUnder(at, routes.map((edge) => ({ id: edge.id, points: edge.data!.points })))
  return wire && splice(graph, useCatalog.getState().services, id, wire) ? wire : null
}

const same = (one: Point, other: Point) => one[0] === other[0] && one[1] === other[1]

/** Where dragged nodes rest, all shifted alike. */
function rest(dragged: Record<string, Point>, zoom: number) {
  const { graph } = useEditor.getState()
  const ids = Object.keys(dragged)
  const all = boxes(Object.fromEntries([...graph.nodes, ...notesOf(graph)].map((one) => [one.id, positionOf(graph, one.id)])))
  const start = around(ids.map((id) => all[id]!))
  const first = positionOf(graph, ids[0]!)
  const moving = { ...start, x: start.x + dragged[ids[0]!]![0] - first[0], y: start.y + dragged[ids[0]!]![1] - first[1] }
  const others = Object.entries(all).filter(([id]) => !(id in dragged) || useStage.getState().copied.includes(id)).map(([, box]) => box)
  const { at, guides } = resting(moving, others, REACH_PX / zoom, useStage.getState().snapping)
  const by: Point = [at[0] - start.x, at[1] - start.y]
  const moved = Object.fromEntries(ids.map((id) => {
    const [x, y] = positionOf(graph, id)
    return [id, [x + by[0], y + by[1]] as Point]
  }))
  return { moved, guides }
}
