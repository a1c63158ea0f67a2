import { useStore } from '@xyflow/react'
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react'
import { createPortal } from 'react-dom'
import { create } from 'zustand'

import { shortTitleOf, useNaming } from '../app/naming'
import { formatQuantity } from '../format'
import { useDrawnRevision } from './charts/useDrawnRevision'
import { graphNode, momentOfNode, nodeName, serviceOf } from './hooks'
import { partRate } from './picture'
import { useRun, type LiveState } from './runStore'
import { metricNumber, rateBetween, shownUnit, usedText } from './selectors'
import type { NodeFrame, Service } from './shapes'
import { StateMark } from './StateMark'

const WAIT_MS = 180
const WIDTH = 280
const GAP = 8
const MOST_PARTS = 8

interface Pointed { of: 'node' | 'wire'; id: string; left: number; top: number; bottom: number }

/** What is pointed at on the canvas, or focused by keyboard, and where it is in the window: its numbers are shown beside it. */
export const usePointed = create<{ at: Pointed | null }>(() => ({ at: null }))

let timer = 0

/** Show the numbers of what stands in this box of the window, after a moment; at once if another's are shown. */
export function point(of: Pointed['of'], id: string, box: { left: number; top: number; bottom: number }): void {
  window.clearTimeout(timer)
  if (useRun.getState().shown === null) return
  const at = { of, id, left: box.left, top: box.top, bottom: box.bottom }
  if (usePointed.getState().at) usePointed.setState({ at })
  else timer = window.setTimeout(() => usePointed.setState({ at }), WAIT_MS)
}

export function unpoint(): void {
  window.clearTimeout(timer)
  if (usePointed.getState().at) usePointed.setState({ at: null })
}

/** What the keyboard comes to shows its numbers as what the pointer comes to. */
export function pointFocused(target: EventTarget | null): void {
  if (!(target instanceof Element) || !target.matches(':is(.react-flow__node, .react-flow__edge):focus-visible')) return
  const id = target.getAttribute('data-id')
  if (id) point(target.matches('.react-flow__edge') ? 'wire' : 'node', id, target.getBoundingClientRect())
}

/** The numbers of the node or wire that is pointed at. */
export function HoverCard() {
  const at = usePointed((state) => state.at)
  const transform = useStore((state) => state.transform.join())
  const card = useRef<HTMLDivElement>(null)
  const [height, setHeight] = useState(0)
  // When the view moves, the card of what has the focus moves with it; what the pointer stood on is no longer there.
  useEffect(() => {
    unpoint()
    pointFocused(document.activeElement)
  }, [transform])
  // The card is measured before it is painted, so that it is never seen where it does not fit.
  useLayoutEffect(() => { if (card.current) setHeight(card.current.offsetHeight) })
  if (!at) return null
  const below = at.bottom + GAP + height <= window.innerHeight
  return createPortal(
    <div ref={card} className="hover-card" role="tooltip" style={{ left: Math.max(GAP, Math.min(at.left, window.innerWidth - WIDTH - GAP)), width: WIDTH, top: below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height) }}>
      {at.of === 'node' ? <NodeNumbers id={at.id} /> : <WireNumbers id={at.id} />}
    </div>,
    document.body,
  )
}

function Rows({ rows }: { rows: readonly [ReactNode, string][] }) {
  return <dl>{rows.map(([title, text], index) => <div key={index}><dt>{title}</dt><dd>{text}</dd></div>)}</dl>
}

function NodeNumbers({ id }: { id: string }) {
  useDrawnRevision()
  const state = useRun.getState()
  const frame = state.shown?.nodes[id]
  const service = serviceOf(state, id)
  if (!frame || !service) return <p>Not in this run. Run again to see it work.</p>
  return (
    <>
      <p className="hover-head"><b>{nodeName(state, id)}</b> <small>{shortTitleOf(service, useNaming.getState().neutral)}</small> <StateMark state={frame.state} word /></p>
      {frame.sentence && <p>{frame.sentence}</p>}
      <Rows rows={numbersOf(state, service, id)} />
      <Limits service={service} frame={frame} />
      <Parts state={state} service={service} id={id} frame={frame} />
    </>
  )
}

/** What fills the picture, and the figures of the card, each once. */
function numbersOf(state: LiveState, service: Service, id: string): [string, string][] {
  const names = new Set([...(service.overlay.picture?.fills ?? []).map(({ name }) => name), ...service.overlay.figures.map(({ metric }) => metric)])
  return service.metrics.filter(({ name }) => names.has(name)).map((metric) => [metric.type === 'spread' ? `${metric.title}, p99` : metric.title, formatQuantity(metricNumber(metric, id, state.shown!, state.before), shownUnit(metric))])
}

function Limits({ service, frame }: { service: Service; frame: NodeFrame }) {
  const rows = Object.entries(frame.limits).flatMap(([name, use]): [string, string][] => (use.limit === null ? [] : [[use.title, usedText(use, service, name)]]))
  return rows.length > 0 ? <Rows rows={rows} /> : null
}

function Parts({ state, service, id, frame }: { state: LiveState; service: Service; id: string; frame: NodeFrame }) {
  const { shape, fills } = service.overlay.picture ?? { shape: null, fills: [] }
  if (shape === 'targets') return <Targets state={state} id={id} />
  if (!frame.parts || !service.parts) return null
  const figures = service.parts.figures
  const by = fills.find(({ name }) => figures.some((figure) => figure.name === name))?.name ?? figures[0]!.name
  const parts = Object.entries(frame.parts).sort(([, one], [, other]) => (other[by] ?? 0) - (one[by] ?? 0))
  return (
    <table>
      <thead><tr><th scope="col">{service.parts.title}</th>{figures.map(({ name, title }) => <th key={name} scope="col">{title}</th>)}</tr></thead>
      <tbody>
        {parts.slice(0, MOST_PARTS).map(([part, counts]) => (
          <tr key={part}>
            <th scope="row" title={part}>{shortOf(part)}</th>
            {figures.map((figure) => <td key={figure.name}>{formatQuantity(figure.type === 'sum' ? partRate(part, figure.name, id, momentOfNode(state, id)) : counts[figure.name], shownUnit(figure))}</td>)}
          </tr>
        ))}
      </tbody>
      {parts.length > MOST_PARTS && <tfoot><tr><td colSpan={figures.length + 1}>and {parts.length - MOST_PARTS} more with less</td></tr></tfoot>}
    </table>
  )
}

/** The end of a long name: what parts differ in. */
const shortOf = (part: string) => (part.length > 16 ? `…${part.replace(/^.*?0*(?=\d{1,6}$)/, '').slice(-14)}` : part)

function Targets({ state, id }: { state: LiveState; id: string }) {
  const { shown, before, run } = state
  const rows = (run?.graph?.wires ?? []).filter((wire) => wire.from.node === id).map((wire) => {
    const rate = (name: 'delivered' | 'refused') => rateBetween(before, shown!, (frame) => frame.wires[wire.id]?.[name])
    return { id: wire.id, name: nodeName(state, wire.to.node), delivered: rate('delivered'), refused: rate('refused') }
  })
  if (rows.length === 0) return null
  return (
    <table>
      <thead><tr><th scope="col">Targets</th><th scope="col">Delivered</th><th scope="col">Refused</th></tr></thead>
      <tbody>{rows.map((row) => <tr key={row.id}><th scope="row">{row.name}</th><td>{formatQuantity(row.delivered, 'per_s')}</td><td>{formatQuantity(row.refused, 'per_s')}</td></tr>)}</tbody>
    </table>
  )
}

function WireNumbers({ id }: { id: string }) {
  useDrawnRevision()
  const state = useRun.getState()
  const { shown, before, run } = state
  const frame = shown?.wires[id]
  const wire = run?.graph?.wires.find((one) => one.id === id)
  if (!shown || !frame || !wire || !graphNode(state, wire.to.node)) return <p>Not in this run. Run again to see it work.</p>
  const rate = (name: 'delivered' | 'refused') => formatQuantity(rateBetween(before, shown, (one) => one.wires[id]?.[name]), 'per_s')
  return (
    <>
      <p className="hover-head"><b>{nodeName(state, wire.from.node)} → {nodeName(state, wire.to.node)}</b> <StateMark state={frame.state} word /></p>
      <Rows rows={[
        ['Delivered now', rate('delivered')], ['Refused now', rate('refused')], ['On the way', formatQuantity(frame.in_transit, 'messages')],
        ['Delivered in all', formatQuantity(frame.delivered, 'messages')], ['Refused in all', formatQuantity(frame.refused, 'messages')],
        ...(frame.behind ? [['Not read yet', formatQuantity(frame.behind.messages, 'messages')] as [string, string], ['Age of the last read', formatQuantity(frame.behind.age_s, 's')] as [string, string]] : []),
      ]} />
    </>
  )
}
