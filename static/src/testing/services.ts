/** A small made-up catalog for tests: a source, a queue with a failure port, a puller, and a function that is asked. */

import { useCatalog } from '../api/catalog'
import type { Graph, Port, Schema, Service } from '../api/types'

type PortSketch = Pick<Port, 'name' | 'direction' | 'verb' | 'actions'> & Partial<Port>

export const port = (sketch: PortSketch): Port => ({
  title: sketch.name, role: 'main', help: '', max_wires: null, wire_title: null, wire_parameters: null, ...sketch,
})

export function service(kind: string, ports: PortSketch[], parameters: Schema = { type: 'object', properties: {} }): Service {
  return {
    kind, title: `The ${kind}`, short_title: kind, neutral_title: kind, group: 'Tests', icon: '', summary: '', description: '', documentation_url: '',
    version: 1, parameters, account_parameters: null, presets: [], ports: ports.map(port), ports_follow: [], quotas: [], metrics: [],
    overlay: { bar: { metric: '', limit: null }, figures: [], picture: null }, parts: null, faults: [], prices: [], fidelity: { modelled: [], approximated: [], ignored: [] },
    example: { version: 1, name: '', nodes: [], wires: [] },
  } as Service
}

const wireSettings: Schema = { type: 'object', properties: { batch_size: { type: 'integer', default: 10, minimum: 1, maximum: 100, title: 'Batch size' } } }

export const services: Record<string, Service> = Object.fromEntries(
  [
    service('spring', [{ name: 'out', direction: 'out', verb: 'send', actions: ['*'] }, { name: 'requests', direction: 'out', verb: 'invoke', actions: ['*'] }]),
    service('basin', [
      { name: 'in', direction: 'in', verb: 'send', actions: ['basin:Put'] },
      { name: 'out', direction: 'out', verb: 'poll', actions: ['basin:Take'] },
      { name: 'spill', direction: 'out', verb: 'send', actions: ['basin:Put'], role: 'failure', max_wires: 1 },
    ]),
    service('mill', [
      { name: 'asked', direction: 'in', verb: 'invoke', actions: ['mill:Grind'] },
      { name: 'pulls', direction: 'in', verb: 'poll', actions: ['basin:Take'], wire_title: 'Pulling', wire_parameters: wireSettings },
      { name: 'calls', direction: 'out', verb: 'send', actions: ['basin:Put', 'log:Write'] },
    ]),
    service('log', [{ name: 'in', direction: 'in', verb: 'send', actions: ['log:Write'] }]),
  ].map((one) => [one.kind, one]),
)

export function useTestCatalog(kinds: Record<string, Service> = services): void {
  useCatalog.setState({ services: kinds, order: Object.keys(kinds), loaded: true, error: null })
}

export const graphOf = (kinds: Record<string, string>, wires: Graph['wires'] = []): Graph => ({
  version: 1, name: 'test', wires,
  nodes: Object.entries(kinds).map(([id, kind]) => ({ id, kind, name: id, parameters: {} })),
  view: { positions: Object.fromEntries(Object.keys(kinds).map((id, index) => [id, [index * 300, 0]])) },
})

export const wire = (id: string, from: string, to: string): Graph['wires'][number] => {
  const [fromNode, fromPort] = from.split('.')
  const [toNode, toPort] = to.split('.')
  return { id, from: { node: fromNode!, port: fromPort! }, to: { node: toNode!, port: toPort! }, parameters: {} }
}
