/** What components read of the run: each hook re-renders only when the text or shape it shows has changed. */

import { useShallow } from 'zustand/react/shallow'

import { useRun, type LiveState } from './runStore'
import { causeTitle, stripOf, wireOf, type Strip, type WireView } from './selectors'
import type { GraphNode, Service } from './shapes'

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

/** The live strip of a node, or null while nothing runs. */
export function useStrip(node: string): Strip | null {
  const flat = useRun(
    useShallow((state) => {
      const strip = stripOf(serviceOf(state, node), node, state.shown, state.before, state.peaks[node] ?? 0)
      if (!strip) return null
      return [strip.state, Math.round(strip.share * 200) / 200, strip.barTitle, ...strip.figures.flatMap((one) => [one.text, one.label, one.title])]
    }),
  )
  if (!flat) return null
  const [state, share, barTitle, ...rest] = flat as [Strip['state'], number, string, ...string[]]
  const figures = []
  for (let at = 0; at + 2 < rest.length; at += 3) figures.push({ text: rest[at] as string, label: rest[at + 1] as string, title: rest[at + 2] as string })
  return { state, share, barTitle, figures }
}

/** State, rate and width of a wire during a run, or null while nothing runs. */
export function useWireState(wire: string): WireView | null {
  return useRun(useShallow((state) => wireOf(wire, state.shown, state.before)))
}
