/** Drawing wires by hand: from a port, backwards from an input, or an end of a wire led elsewhere. */

import type { FinalConnectionState, HandleType } from '@xyflow/react'

import { useCatalog } from '../api/catalog'
import { endsAt, type Wiring } from './legality'
import type { Point } from './graph'
import { reconnect } from './rewire'
import { useStage } from './stage'
import { useEditor } from './store'

type Released = MouseEvent | TouchEvent

/** The node whose card is at a point of the window. */
function nodeAt(x: number, y: number): string | null {
  const card = document.elementsFromPoint(x, y).map((found) => found.closest('.react-flow__node-card')).find(Boolean)
  return card?.getAttribute('data-id') ?? null
}

const pointOf = (event: Released) => ('changedTouches' in event ? event.changedTouches[0]! : event)

export function beginWire(node: string, handle: string, type: HandleType): void {
  // Taking up the end of a wire begins one, too, as far as the canvas knows.
  if (useEditor.getState().wiring?.wire !== undefined) return
  useEditor.getState().setWiring(type === 'source' ? { node, port: handle } : { node, port: '', backwards: true })
}

/** An end of a wire was taken up; `fixed` is the end that stays. */
export function beginReconnect(wire: string, fixed: HandleType): void {
  const found = useEditor.getState().graph.wires.find(({ id }) => id === wire)
  if (!found) return
  useEditor.getState().setWiring(fixed === 'source' ? { ...found.from, wire } : { node: found.to.node, port: '', backwards: true, wire })
}

/** While a wire is drawn: say why it may not end where the pointer is. */
export function hoverWire(x: number, y: number): void {
  const { wiring, graph } = useEditor.getState()
  if (!wiring) return
  const over = nodeAt(x, y)
  const found = over && over !== wiring.node ? endsAt(useCatalog.getState().services, graph, wiring, over) : null
  const text = found && 'reason' in found ? found.reason : null
  if (text !== (useStage.getState().reason?.text ?? null)) useStage.setState({ reason: text === null ? null : { text, from: null, to: over!, bridges: [] } })
}

/** A wire was let go: on a card it is laid or refused, on blank the list of what it could lead to opens at `at`. */
export function dropWire(event: Released, state: FinalConnectionState, at: Point): void {
  const wiring = useEditor.getState().wiring
  useEditor.getState().setWiring(null)
  if (!wiring || useEditor.getState().readOnly) return
  const { clientX, clientY } = pointOf(event)
  const node = state.toNode?.id ?? nodeAt(clientX, clientY)
  if (node) lay(wiring, node, wiring.backwards && state.toHandle?.type === 'source' ? state.toHandle.id ?? undefined : undefined)
  else {
    useStage.setState({ reason: null })
    if (wiring.wire === undefined) useStage.setState({ quickAdd: { at, wirings: [wiring], existing: false } })
  }
}

function lay(wiring: Wiring, node: string, port?: string): void {
  const { graph, connect, change } = useEditor.getState()
  const services = useCatalog.getState().services
  const found = endsAt(services, graph, wiring, node, port)
  if ('reason' in found) {
    const own = node === wiring.node
    const from = wiring.backwards || wiring.wire !== undefined ? null : { node: wiring.node, port: wiring.port }
    useStage.setState({ reason: own ? null : { text: found.reason, from, to: node, bridges: from ? found.bridges : [] } })
    return
  }
  useStage.setState({ reason: null })
  if (wiring.wire === undefined) connect(found.from, found.to)
  else change(reconnect(graph, services, wiring.wire, found))
}
