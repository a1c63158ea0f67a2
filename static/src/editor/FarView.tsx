/** Draws a large diagram as it is seen from afar (docs/decisions/0181, 0230). What can be pointed at, selected and read aloud are elements of the page over it. */

import { useStoreApi, type Edge, type Node } from '@xyflow/react'
import { memo, useEffect, useRef } from 'react'

import { useCatalog } from '../api/catalog'
import type { Finding, Service } from '../api/types'
import { iconUrl } from '../app/icons'
import { titleOf, useNaming } from '../app/naming'
import { useRun } from '../live'
import { beginDrawing, inksOf, NextFrame, onScheme, sameView } from '../live/canvasLayer'
import { timePasses } from '../live/replay'
import { wireOf } from '../live/selectors'
import { worst } from './badges'
import type { WireData } from './edges'
import { drawFar, FAR_INKS, type FarCard, type FarWire } from './farDrawing'
import { Stamps, type FarIcon } from './farIcons'
import { nodeIn } from './graph'
import { useStage } from './stage'
import { useEditor } from './store'

/** While a run flows, states change no more often than this: nobody can follow a thousand of them faster. */
const BETWEEN_STATES_MS = 200

function iconOf(service: Service | undefined, neutral: boolean): FarIcon {
  const path = neutral ? '' : service?.icon ?? ''
  return { url: iconUrl(path), letter: (service ? titleOf(service, neutral) : '?').charAt(0), line: path.startsWith('resource/') }
}

function cardsOf(nodes: readonly Node[], findings: readonly Finding[], neutral: boolean): FarCard[] {
  const { graph } = useEditor.getState()
  const { services } = useCatalog.getState()
  const { shown } = useRun.getState()
  return nodes.flatMap(({ id, type, position, selected }) => {
    const node = type === 'card' ? nodeIn(graph, id) : undefined
    if (!node) return []
    const service = services[node.kind]
    return [{ id, ...position, name: node.name || node.id, icon: iconOf(service, neutral), known: service !== undefined, selected: selected ?? false, severity: worst(findings, id)?.severity, state: shown?.nodes[id]?.state ?? null }]
  })
}

function wiresOf(routes: readonly Edge<WireData>[], marked: (wire: string) => boolean): FarWire[] {
  const { shown, before } = useRun.getState()
  return routes.flatMap(({ id, data }) => {
    const { points, failure } = data!
    const live = wireOf(id, shown, before)
    return points.length > 1 ? [{ points, failure, state: live?.state ?? null, width: live?.width ?? 1.5, marked: marked(id) }] : []
  })
}

interface Scene { nodes: readonly Node[]; routes: readonly Edge<WireData>[]; selected: ReadonlySet<string>; findings: readonly Finding[]; neutral: boolean; splicing: string | null }

/** `selected` are ids of wires. */
export const FarView = memo(function FarView({ nodes, routes, selected }: Pick<Scene, 'nodes' | 'routes' | 'selected'>) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const store = useStoreApi()
  const findings = useEditor((state) => state.findings)
  const neutral = useNaming((state) => state.neutral)
  const splicing = useStage((state) => state.splicing)
  const scene = useRef<Scene>({ nodes, routes, selected, findings, neutral, splicing })
  const redraw = useRef(() => {})
  useEffect(() => {
    scene.current = { nodes, routes, selected, findings, neutral, splicing }
    redraw.current()
  }, [nodes, routes, selected, findings, neutral, splicing])
  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (!element || !context) return undefined
    let inks = inksOf(element, FAR_INKS)
    let seen: { cards: FarCard[]; wires: FarWire[] } | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    const frame = new NextFrame(() => {
      const view = store.getState()
      const now = scene.current
      seen ??= { cards: cardsOf(now.nodes, now.findings, now.neutral), wires: wiresOf(now.routes, (wire) => wire === now.splicing || now.selected.has(wire)) }
      beginDrawing(context, view)
      drawFar(context, view, seen.cards, seen.wires, inks, stamps)
      element.dataset['cards'] = String(seen.cards.length)
      element.dataset['wires'] = String(seen.wires.length)
      element.dataset['troubled'] = String(seen.cards.filter(({ state }) => state !== null && state !== 'idle' && state !== 'flowing').length)
    })
    const stamps = new Stamps(frame.book)
    const look = () => {
      inks = inksOf(element, FAR_INKS)
      stamps.seeLinesThrough(inksOf(element, ['line-icons'])['line-icons'])
      frame.book()
    }
    redraw.current = () => {
      clearTimeout(timer)
      timer = undefined
      seen = null
      frame.book()
    }
    look()
    const stops = [
      store.subscribe((state, before) => { if (!sameView(state, before)) frame.book() }),
      useCatalog.subscribe(() => redraw.current()),
      useRun.subscribe((state, before) => {
        if (state.shown === before.shown && state.run === before.run) return
        if (timePasses(state) && before.shown !== null) timer ??= setTimeout(redraw.current, BETWEEN_STATES_MS)
        else redraw.current()
      }),
      onScheme(look),
      frame.cancel,
      () => clearTimeout(timer),
    ]
    return () => { for (const stop of stops) stop() }
  }, [store])
  return <canvas ref={canvas} className="far-view" aria-hidden="true" />
})
