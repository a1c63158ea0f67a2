/** What components read of the run: each hook re-renders only when the text or shape it shows has changed. */

import { useShallow } from 'zustand/react/shallow'

import { formatClock } from '../format'
import { pendingOf, type Owner } from './changing'
import { COLUMNS, pictureOf, type DrawnPicture, type Moment, type Stroke } from './picture'
import { isOver } from './runSocket'
import { useRun, wiresFrom, type LiveState } from './runStore'
import { causeTitle, figuresOf, wireOf, type StripFigure, type WireView } from './selectors'
import type { FlowState, GraphNode, Schema, Service } from './shapes'
import { turnOf } from './turns'

/** The node as the run knows it; the diagram may have changed since. */
export function graphNode(state: LiveState, node: string): GraphNode | undefined {
  return state.run?.graph?.nodes.find((one) => one.id === node)
}

export function serviceOf(state: LiveState, node: string): Service | undefined {
  const kind = graphNode(state, node)?.kind
  return kind === undefined ? undefined : state.services[kind]
}

/** A node's name as the run knows it, else its id. */
export function nodeName(state: LiveState, node: string): string {
  return graphNode(state, node)?.name || node
}

export function useNodeName(node: string): string {
  return useRun((state) => nodeName(state, node))
}

export function causeName(state: LiveState, node: string, cause: string): string {
  return causeTitle(serviceOf(state, node), cause)
}

/** A node's state and the numbers on its card, or null while nothing runs. */
export function useFigures(node: string): { state: FlowState; figures: StripFigure[] } | null {
  const flat = turnOf(node)(
    useShallow((state) => {
      const frame = state.shown?.nodes[node]
      const service = serviceOf(state, node)
      if (!state.shown || !frame || !service) return null
      return [frame.state, ...figuresOf(service, node, state.shown, state.before).flatMap((one) => [one.text, one.label, one.title, one.quiet ? 'quiet' : ''])]
    }),
  )
  if (!flat) return null
  const [state, ...rest] = flat as [FlowState, ...string[]]
  const figures = []
  for (let at = 0; at + 3 < rest.length; at += 4) figures.push({ text: rest[at]!, label: rest[at + 1]!, title: rest[at + 2]!, quiet: rest[at + 3] !== '' })
  return { state, figures }
}

/** What a node's card draws now, or null while nothing runs. */
export function usePicture(node: string): (DrawnPicture & { state: FlowState }) | null {
  const flat = turnOf(node)(
    useShallow((state) => {
      const service = serviceOf(state, node)
      const frame = state.shown?.nodes[node]
      if (!service || !frame) return null
      const drawn = pictureOf(service, node, momentOfNode(state, node))
      return drawn && [frame.state, drawn.shape, drawn.words, ...drawn.strokes.flatMap(({ ink, d }) => [ink, d])]
    }),
  )
  if (!flat) return null
  const [state, shape, words, ...rest] = flat as [FlowState, DrawnPicture['shape'], string, ...string[]]
  const strokes: Stroke[] = []
  for (let at = 0; at + 1 < rest.length; at += 2) strokes.push({ ink: rest[at] as Stroke['ink'], d: rest[at + 1]! })
  return { state, shape, words, strokes }
}

/** What a node's picture is drawn from at the moment shown. */
export function momentOfNode(state: LiveState, node: string): Moment {
  const { log, shown, before, shownIndex, peaks } = state
  return { now: shown!, before, recent: log.frames.slice(Math.max(0, shownIndex - COLUMNS), shownIndex + 1), peak: peaks[node] ?? 0, wires: wiresFrom(state.run?.graph, node) }
}

/** State, rate and width of a wire during a run, or null while nothing runs. */
export function useWireState(wire: string): WireView | null {
  return turnOf(wire)(useShallow((state) => wireOf(wire, state.shown, state.before)))
}

/** What is to be said at parameters that were changed in the run and do not act yet. */
export function usePendingNotes(owner: Owner, schema: Schema | null | undefined): Record<string, string> {
  return useRun(
    useShallow((state) => {
      if (!schema || !state.run || isOver(state.run)) return {}
      const pending = pendingOf(state.shown, state.scrub_s === null ? state.controls : [], owner, schema)
      return Object.fromEntries(Object.entries(pending).map(([name, at_s]) => [name, `On its way in the run: it acts at ${formatClock(at_s)}, when AWS has spread it.`]))
    }),
  )
}
