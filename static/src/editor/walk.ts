/** Walking the diagram by the Tab key, in the order of the flow: each node, then the wires that leave it. */

import type { ReactFlowInstance } from '@xyflow/react'

import type { Graph } from '../api/types'
import { groupsOf, notesOf } from './annotations'
import { flowOrder } from './flow'
import { CARD, positionOf } from './graph'
import { foldedInto, groupOn, standsFor } from './groupNodes'
import { useEditor } from './store'

export interface Stop { kind: 'node' | 'wire'; id: string }

/** All stops in their order, a folded group as the one card that it is; the notes come last, as they are read: from the top left. */
export function stopsOf(graph: Graph): Stop[] {
  const folded = foldedInto(groupsOf(graph))
  const shown = (id: string) => folded[id] ?? id
  const cards = [...new Set(flowOrder(graph).map(shown))]
  const wires = graph.wires.filter((wire) => !folded[wire.from.node] || shown(wire.from.node) !== shown(wire.to.node))
  const flow = cards.flatMap((id): Stop[] => [{ kind: 'node', id }, ...wires.filter((wire) => shown(wire.from.node) === id).map((wire): Stop => ({ kind: 'wire', id: wire.id }))])
  const place = new Map(notesOf(graph).map((note) => [note.id, positionOf(graph, note.id)]))
  const notes = [...place.keys()].sort((one, other) => place.get(one)![1] - place.get(other)![1] || place.get(one)![0] - place.get(other)![0])
  return [...flow, ...notes.map((id): Stop => ({ kind: 'node', id }))]
}

const elementOf = ({ kind, id }: Stop) => document.querySelector<HTMLElement | SVGElement>(`.react-flow__${kind === 'node' ? 'node' : 'edge'}[data-id="${CSS.escape(id)}"]`)

/** The stop that an element of the page is, if it is one. */
export function stopAt(element: Element | null): Stop | null {
  const found = element?.closest('.react-flow__node, .react-flow__edge')
  const id = found?.getAttribute('data-id')
  return found && id ? { kind: found.classList.contains('react-flow__node') ? 'node' : 'wire', id } : null
}

const MOST_FRAMES = 40

/** Give a stop the keyboard; one that is out of view may not be drawn yet. */
export function focusStop(stop: Stop, frames = MOST_FRAMES): void {
  const element = elementOf(stop)
  if (element) element.focus({ preventScroll: true })
  else if (frames > 0) window.requestAnimationFrame(() => focusStop(stop, frames - 1))
}

/** Go to a stop: it has the keyboard, is selected besides the nodes that stay so, and is in view. */
export function goTo(stop: Stop, flow: ReactFlowInstance, duration: number, kept: readonly string[] = []): void {
  focusStop(stop)
  show(stop, flow, duration, kept)
}

/** Select a stop, besides the nodes that stay selected, and bring it into view. */
export function show(stop: Stop, flow: ReactFlowInstance, duration: number, kept: readonly string[] = []): void {
  const { graph, select } = useEditor.getState()
  if (stop.kind === 'node') select([...kept, ...standsFor(graph, stop.id)])
  else select(kept, [stop.id])
  const canvas = document.querySelector('.canvas')?.getBoundingClientRect()
  const box = boxOf(stop, graph)
  if (!canvas || !box) return
  const [topLeft, bottomRight] = [flow.flowToScreenPosition({ x: box.left, y: box.top }), flow.flowToScreenPosition({ x: box.right, y: box.bottom })]
  const within = topLeft.x >= canvas.left && topLeft.y >= canvas.top && bottomRight.x <= canvas.right && bottomRight.y <= canvas.bottom
  if (!within) void flow.setCenter((box.left + box.right) / 2, (box.top + box.bottom) / 2, { zoom: flow.getZoom(), duration })
}

function boxOf(stop: Stop, graph: Graph) {
  const wire = stop.kind === 'wire' ? graph.wires.find((found) => found.id === stop.id) : undefined
  const folded = groupOn(graph, stop.id)?.collapsed
  const ids = stop.kind === 'node' ? standsFor(graph, stop.id) : wire ? [wire.from.node, wire.to.node] : []
  if (ids.length === 0) return null
  const all = ids.map((id) => positionOf(graph, id))
  // What is folded stands where its top left corner is.
  const places = folded ? [[Math.min(...all.map(([x]) => x)), Math.min(...all.map(([, y]) => y))] as const] : all
  const [left, top] = [Math.min(...places.map(([x]) => x)), Math.min(...places.map(([, y]) => y))]
  return { left, top, right: Math.max(...places.map(([x]) => x)) + CARD.width, bottom: Math.max(...places.map(([, y]) => y)) + CARD.height }
}

/** The stop after (or before) one; null at the ends. */
export function neighbour(graph: Graph, stop: Stop, backwards: boolean): Stop | null {
  const stops = stopsOf(graph)
  const index = stops.findIndex((found) => found.kind === stop.kind && found.id === stop.id)
  return stops[index + (backwards ? -1 : 1)] ?? null
}
