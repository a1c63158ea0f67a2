/** The list that adds a node where one points, and wires it: opened with what it is for, answered with one change of the diagram. */

import { portOf, portsOf, useCatalog } from '../api/catalog'
import type { Graph, Service } from '../api/types'
import { titleOf, useNaming } from '../app/naming'
import { addNode, addWire, CARD, positionOf, type Point } from './graph'
import { regrouped } from './annotations'
import { useFavourites } from './favourites'
import { endsAt, kindsFor, type Ends, type Wiring } from './legality'
import { freePlace } from './places'
import { presetsFound } from './presets'
import { pointer, useStage, type QuickAdd } from './stage'
import { useEditor } from './store'

export interface Choice { key: string; title: string; hint: string; icon: { kind: string } | { path: string }; choose: () => string | null }

/** Open the list at the pointer, or at `otherwise` where there is none. */
export function openQuickAdd(otherwise: Point): void {
  if (useEditor.getState().readOnly) return
  useStage.setState({ quickAdd: { at: pointer.at ?? otherwise, wirings: [], existing: false } })
}

/** Open the list of what the selected node can be wired to. */
export function openConnect(): void {
  const { graph, selection, readOnly } = useEditor.getState()
  const id = selection.nodes.size === 1 ? [...selection.nodes][0]! : null
  const node = graph.nodes.find((found) => found.id === id)
  const ports = portsOf(useCatalog.getState().services, node).filter((port) => port.direction === 'out')
  if (!node || readOnly || ports.length === 0) return
  const [x, y] = positionOf(graph, node.id)
  const at: Point = [x + CARD.width + 96, y + CARD.height / 2]
  useStage.setState({ quickAdd: { at, wirings: ports.map((port) => ({ node: node.id, port: port.name })), existing: true } })
}

const said = (text: string, words: readonly string[]) => words.some((word) => word.toLowerCase().includes(text.trim().toLowerCase()))

/** What the list offers for a search text. */
export function choicesOf(asked: QuickAdd, text: string, services: Record<string, Service>, order: readonly string[], graph: Graph): Choice[] {
  return [...(asked.existing ? existingChoices(asked, text, services, graph) : []), ...newChoices(asked, text, services, order, graph)]
}

function existingChoices({ wirings }: QuickAdd, text: string, services: Record<string, Service>, graph: Graph): Choice[] {
  return wirings.flatMap((wiring) => graph.nodes.flatMap((node): Choice[] => {
    const ends = endsAt(services, graph, wiring, node.id)
    if (!('from' in ends) || node.id === wiring.node || !said(text, [node.name, services[node.kind]?.title ?? ''])) return []
    return [{ key: `${wiring.port} ${node.id}`, title: node.name || node.id, hint: portHint(services, graph, wiring, wirings), icon: { kind: node.kind }, choose: () => wireUp(ends) }]
  }))
}

/** Which port is meant, where there is more than one. */
function portHint(services: Record<string, Service>, graph: Graph, wiring: Wiring, all: readonly Wiring[]): string {
  if (all.length < 2) return ''
  return portOf(services, graph.nodes.find((node) => node.id === wiring.node), wiring.port)?.title ?? wiring.port
}

function newChoices({ at, wirings }: QuickAdd, text: string, services: Record<string, Service>, order: readonly string[], graph: Graph): Choice[] {
  const wiring = wirings[0]
  const legal = wiring ? kindsFor(services, graph, wiring) : null
  return order.flatMap((kind): Choice[] => {
    const service = services[kind]!
    if (legal && !legal.has(kind)) return []
    const found = said(text, [service.title, service.neutral_title, service.group, service.kind])
    const hint = wirings.length ? 'new' : service.group
    return [
      ...(found ? [{ key: kind, title: titleOf(service, useNaming.getState().neutral), hint, icon: { kind }, choose: () => placeNew(service, undefined, at, wiring) }] : []),
      ...presetsFound(service, text, found).map((preset) => ({ key: `${kind} ${preset.name}`, title: preset.title, hint, icon: { path: preset.icon }, choose: () => placeNew(service, preset.name, at, wiring) })),
    ]
  })
}

function wireUp(ends: Ends): string {
  useEditor.getState().connect(ends.from, ends.to)
  return ends.from.node
}

function placeNew(service: Service, preset: string | undefined, at: Point, wiring: Wiring | undefined): string {
  const { graph, change, select } = useEditor.getState()
  useFavourites.getState().used(service.kind)
  const shift = wiring ? (wiring.backwards ? -CARD.width : 0) : -CARD.width / 2
  const place = freePlace([at[0] + shift, at[1] - CARD.height / 2], graph.nodes.map((node) => positionOf(graph, node.id)))
  const [placed, id] = addNode(graph, service, place, service.presets.find((one) => one.name === preset))
  const ends = wiring ? endsAt(useCatalog.getState().services, placed, wiring, id) : null
  change(regrouped(ends && 'from' in ends ? addWire(placed, ends.from, ends.to)[0] : placed, new Set([id])))
  select([id])
  return id
}
