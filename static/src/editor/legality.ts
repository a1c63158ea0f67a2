/** Which wires may be drawn, and why others may not: the rule of contracts.md, section 2. */

import { portOf, portsOf } from '../api/catalog'
import type { Graph, GraphWire, Port, Schema, Service } from '../api/types'

type Services = Record<string, Service>

const ANY = '*'

const SOURCE_WORDS: Record<Port['verb'], string> = { send: 'sends one-way', poll: 'is pulled from', invoke: 'asks and waits for an answer' }
const TARGET_WORDS: Record<Port['verb'], string> = { send: 'takes one-way messages', poll: 'pulls for itself', invoke: 'takes requests and answers them' }

/** Whether a wire may go from this port to that one. */
export function fits(source: Port, target: Port): boolean {
  const shares = source.actions.includes(ANY) || target.actions.includes(ANY) || source.actions.some((action) => target.actions.includes(action))
  return source.direction === 'out' && target.direction === 'in' && source.verb === target.verb && shares
}

/** Why a wire may not go from this port to that one; null if it may. */
export function illegal(source: Port, target: Port): string | null {
  if (fits(source, target)) return null
  if (source.direction === target.direction) return 'A wire goes from an output to an input'
  if (source.verb !== target.verb) return `“${source.title}” ${SOURCE_WORDS[source.verb]}, but “${target.title}” ${TARGET_WORDS[target.verb]}`
  return `“${source.title}” cannot call what “${target.title}” offers (${target.actions.join(', ')})`
}

/** What could stand between two ports that do not fit. */
export function between(services: Services, source: Port, target: Port): Service[] {
  return Object.values(services).filter(
    (service) =>
      service.ports.some((port) => port.role === 'main' && !port.actions.includes(ANY) && fits(source, port)) &&
      service.ports.some((port) => port.role === 'main' && fits(port, target)),
  )
}

export interface Landing { port: string; reason: null }
/** `bridges` are the kinds that could stand between. */
export interface Refused { port: null; reason: string; bridges: string[] }

const refused = (reason: string, bridges: string[] = []): Refused => ({ port: null, reason, bridges })

/** Where a wire from this port lands when it is dropped on a node: the first port that fits, or why none does. */
export function landing(services: Services, graph: Graph, from: { node: string; port: string }, to: string, wanted?: string): Landing | Refused {
  const nodeOf = (id: string) => graph.nodes.find((node) => node.id === id)
  const source = portOf(services, nodeOf(from.node), from.port)
  const service = services[nodeOf(to)?.kind ?? '']
  if (!source || !service) return refused('This kind of node is unknown here')
  const inputs = portsOf(services, nodeOf(to)).filter((port) => port.direction === 'in' && (wanted === undefined || port.name === wanted))
  if (inputs.length === 0) return refused(`Nothing can be sent to “${service.title}”`)
  const target = inputs.find((port) => fits(source, port))
  if (!target) {
    const bridges = between(services, source, inputs[0]!)
    return refused(illegal(source, inputs[0]!)! + (bridges.length ? `. Put one of these between them: ${bridges.map((found) => found.title).join(', ')}` : ''), bridges.map((found) => found.kind))
  }
  if (graph.wires.some((wire) => wire.from.node === from.node && wire.from.port === from.port && wire.to.node === to && wire.to.port === target.name)) {
    return refused('There is such a wire already')
  }
  for (const [port, end, id] of [[source, 'from', from.node], [target, 'to', to]] as const) {
    const used = graph.wires.filter((wire) => wire[end].node === id && wire[end].port === port.name).length
    if (port.max_wires !== null && used >= port.max_wires) return refused(`“${port.title}” takes ${port.max_wires} wire${port.max_wires === 1 ? '' : 's'} only`)
  }
  return { port: target.name, reason: null }
}

/** A wire that is being drawn: from a port, or `backwards` from a node's input; a `wire` that is led elsewhere does not count as laid. */
export interface Wiring { node: string; port: string; backwards?: boolean; wire?: string }

export interface Ends { from: GraphWire['from']; to: GraphWire['to'] }

/** The ends that a wire being drawn would have at a node, or why it may not end there. */
export function endsAt(services: Services, graph: Graph, wiring: Wiring, node: string, wanted?: string): Ends | Refused {
  const others = wiring.wire === undefined ? graph : { ...graph, wires: graph.wires.filter((wire) => wire.id !== wiring.wire) }
  if (!wiring.backwards) {
    const found = landing(services, others, wiring, node)
    return found.reason === null ? { from: { node: wiring.node, port: wiring.port }, to: { node, port: found.port } } : found
  }
  let first: Refused | null = null
  for (const port of portsOf(services, graph.nodes.find((found) => found.id === node))) {
    if (port.direction !== 'out' || (wanted !== undefined && port.name !== wanted)) continue
    const found = landing(services, others, { node, port: port.name }, wiring.node)
    if (found.reason === null) return { from: { node, port: port.name }, to: { node: wiring.node, port: found.port } }
    first ??= found
  }
  return first ?? refused('Nothing comes out of this node')
}

/** Kinds that a wire being drawn could end at. */
export function kindsFor(services: Services, graph: Graph, wiring: Wiring): Set<string> {
  const node = graph.nodes.find((found) => found.id === wiring.node)
  const own = wiring.backwards ? portsOf(services, node).filter((port) => port.direction === 'in') : [portOf(services, node, wiring.port)].flatMap((port) => port ?? [])
  const legal = (port: Port) => own.some((mine) => (wiring.backwards ? port.role === 'main' && fits(port, mine) : fits(mine, port)))
  return new Set(Object.values(services).filter((service) => service.ports.some(legal)).map((service) => service.kind))
}

/** The parameters of a wire: declared by its first port, or else by its second. */
export function wireSchema(services: Services, graph: Graph, wire: { from: { node: string; port: string }; to: { node: string; port: string } }): { schema: Schema | null; title: string } {
  const nodeOf = (id: string) => graph.nodes.find((node) => node.id === id)
  const source = portOf(services, nodeOf(wire.from.node), wire.from.port)
  const target = portOf(services, nodeOf(wire.to.node), wire.to.port)
  const owner = source?.wire_parameters ? source : target?.wire_parameters ? target : null
  return { schema: owner?.wire_parameters ?? null, title: owner?.wire_title ?? source?.wire_title ?? 'Wire' }
}
