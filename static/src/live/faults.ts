/** Which faults there are to inject, where, and which are in force; all of it from the graph, the controls, the frame and the catalog. */

import { portOf } from '../api/catalog'
import type { CatalogFaults, Control, ControlPlace, Frame, GraphWire } from '../api/types'
import { groupsOf } from '../editor/annotations'
import type { Fault, Graph, Services, TimedControl } from './shapes'

export interface Breakable { place: ControlPlace; key: string; name: string; faults: readonly Fault[] }

/** A place as one text, for keys and choices. */
export function placeKey({ node, wire, group }: ControlPlace): string {
  return node !== undefined ? `node ${node}` : wire !== undefined ? `wire ${wire}` : `group ${group ?? ''}`
}

export function placeOf(key: string): ControlPlace {
  const [sort, ...rest] = key.split(' ')
  return { [sort as 'node' | 'wire' | 'group']: rest.join(' ') }
}

/** The place a control names, without the rest of it. */
export function placeIn(control: ControlPlace): ControlPlace {
  const { node, wire, group } = control
  return node !== undefined ? { node } : wire !== undefined ? { wire } : { group }
}

const nameOf = (graph: Graph, node: string) => graph.nodes.find((one) => one.id === node)?.name || node

/** A place's name for people. */
export function placeName(graph: Graph | undefined, { node, wire, group }: ControlPlace): string {
  if (!graph) return node ?? wire ?? group ?? ''
  if (node !== undefined) return nameOf(graph, node)
  if (wire !== undefined) {
    const found = graph.wires.find((one) => one.id === wire)
    return found ? `${nameOf(graph, found.from.node)} → ${nameOf(graph, found.to.node)}` : wire
  }
  return groupsOf(graph).find((one) => one.id === group)?.title ?? group ?? ''
}

/** What can happen on a wire, as the server says it (contracts, section 2). */
export function faultsOfWire(graph: Graph, services: Services, wire: GraphWire, faults: CatalogFaults): readonly Fault[] {
  const node = (id: string) => graph.nodes.find((one) => one.id === id)
  const [from, to] = [portOf(services, node(wire.from.node), wire.from.port), portOf(services, node(wire.to.node), wire.to.port)]
  if (!from || !to || from.role === 'failure') return []
  if (from.verb === 'poll') return from.cuttable || to.cuttable ? faults.wire.filter((fault) => fault.name === 'cut') : []
  return faults.wire.filter((fault) => fault.name !== 'delayed' || from.verb === 'invoke')
}

/** Whether something is sent to a node, or calls it, over a wire that can break. */
function isCalled(graph: Graph, services: Services, id: string): boolean {
  return graph.wires.some((wire) => {
    const from = wire.to.node === id ? portOf(services, graph.nodes.find((one) => one.id === wire.from.node), wire.from.port) : undefined
    return from !== undefined && from.verb !== 'poll' && from.role !== 'failure'
  })
}

/** Every node, wire and group that can break, in the diagram's order. */
export function breakables(graph: Graph | undefined, services: Services, faults: CatalogFaults): Breakable[] {
  if (!graph) return []
  const made = (place: ControlPlace, some: readonly Fault[]): Breakable => ({ place, key: placeKey(place), name: placeName(graph, place), faults: some })
  return [
    ...graph.nodes.map(({ id, kind }) => made({ node: id }, (services[kind]?.faults ?? []).filter((fault) => !fault.of_callers || isCalled(graph, services, id)))),
    ...graph.wires.map((wire) => made({ wire: wire.id }, faultsOfWire(graph, services, wire, faults))),
    ...groupsOf(graph).filter(({ kind }) => faults.group_kinds.includes(kind)).map(({ id }) => made({ group: id }, faults.group)),
  ].filter((one) => one.faults.length > 0)
}

/** Boxes that cannot be lost as a whole, for they stand for nothing that fails as a whole: their names. */
export function lastingGroups(graph: Graph | undefined, faults: CatalogFaults): string[] {
  return graph ? groupsOf(graph).filter(({ kind }) => !faults.group_kinds.includes(kind)).map(({ title }) => title) : []
}

export interface SortOfFault { name: string; title: string; entries: { place: Breakable; fault: Fault }[] }

/** The same by sort of fault, as the palette shows it. */
export function bySort(places: readonly Breakable[], sorts: CatalogFaults['sorts']): SortOfFault[] {
  return sorts
    .map(({ name, title }) => ({ name, title, entries: places.flatMap((place) => place.faults.filter((fault) => fault.sort === name).map((fault) => ({ place, fault }))) }))
    .filter(({ entries }) => entries.length > 0)
}

export interface ActiveFault extends ControlPlace { fault: string; since_s: number | null; until_s: number | null }

/** The faults in force after a frame and the controls that took effect since it was made. */
export function activeFaults(frame: Pick<Frame, 'time_s' | 'faults'> | null, controls: readonly TimedControl[], instant: (place: ControlPlace, fault: string) => boolean = () => false): ActiveFault[] {
  const active = new Map<string, ActiveFault>()
  const key = (place: ControlPlace, fault: string) => `${placeKey(place)}\n${fault}`
  for (const fault of frame?.faults ?? []) active.set(key(fault, fault.fault), fault)
  for (const control of controls) {
    const time_s = control.time_s ?? null
    if (frame !== null && (time_s ?? 0) < frame.time_s) continue
    if (control.action === 'fault' && !instant(control, control.fault)) active.set(key(control, control.fault), { ...placeIn(control), fault: control.fault, since_s: time_s, until_s: control.for_s ? (time_s ?? 0) + control.for_s : null })
    if (control.action === 'clear_fault') active.delete(key(control, control.fault))
  }
  return [...active.values()]
}

/** The control that ends a fault. */
export const clearing = (fault: ActiveFault): Control => ({ action: 'clear_fault', ...placeIn(fault), fault: fault.fault })
