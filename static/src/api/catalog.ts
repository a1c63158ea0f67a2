/** What the server says there is: every service by its kind. No service is known to the browser in any other way. */

import { create } from 'zustand'

import { api, ApiError } from './client'
import type { CatalogFaults, GraphNode, Port, Schema, Service } from './types'

interface CatalogState {
  services: Record<string, Service>
  order: string[]
  faults: CatalogFaults
  run: Schema | null
  engineVersion: string
  loaded: boolean
  error: string | null
  load: () => Promise<void>
}

export const useCatalog = create<CatalogState>((set, get) => ({
  services: {},
  order: [],
  faults: { sorts: [], wire: [], group: [], group_kinds: [] },
  run: null,
  engineVersion: '',
  loaded: false,
  error: null,
  load: async () => {
    if (get().loaded) return
    try {
      const catalog = await api.services()
      set({
        services: Object.fromEntries(catalog.services.map((service) => [service.kind, service])),
        order: catalog.services.map((service) => service.kind),
        faults: catalog.faults,
        run: catalog.run,
        engineVersion: catalog.engine_version,
        loaded: true,
        error: null,
      })
    } catch (error) {
      set({ error: error instanceof ApiError ? `${error.message}. ${error.detail.hint}.` : String(error) })
    }
  },
}))

/** Ports that follow from parameters, by kind and those parameters; and the last that a node was known to have, until the server has answered. */
const following = new Map<string, Port[] | 'asked'>()
const latest = new Map<string, Port[]>()

const keyOf = (service: Service, node: GraphNode) => JSON.stringify([service.kind, ...service.ports_follow.map((name) => node.parameters[name])])

/** The ports of a node: those of its kind, or what follows from its own parameters. */
export function portsOf(services: Record<string, Service>, node: GraphNode | undefined): Port[] {
  const service = node && services[node.kind]
  if (!service) return []
  if (service.ports_follow.length === 0) return service.ports
  const known = following.get(keyOf(service, node))
  return Array.isArray(known) ? known : latest.get(node.id) ?? service.ports
}

/** The port of this name of a node, if both are known. */
export function portOf(services: Record<string, Service>, node: GraphNode | undefined, name: string): Port | undefined {
  return portsOf(services, node).find((port) => port.name === name)
}

/** Ask the server which ports nodes have whose parameters say so; what it answers is drawn when it comes. */
export async function followPorts(nodes: readonly GraphNode[]): Promise<void> {
  const { services } = useCatalog.getState()
  await Promise.all(nodes.map(async (node) => {
    const service = services[node.kind]
    if (!service || service.ports_follow.length === 0) return
    const key = keyOf(service, node)
    const known = following.get(key)
    if (Array.isArray(known)) latest.set(node.id, known)
    if (known) return
    following.set(key, 'asked')
    try {
      const { ports, valid } = await api.ports(node.kind, Object.fromEntries(service.ports_follow.flatMap((name) => (name in node.parameters ? [[name, node.parameters[name]]] : []))))
      // Parameters that are not valid yet give the ports of the kind alone: then a node keeps those it had.
      const own = valid || !latest.has(node.id) ? ports : latest.get(node.id)!
      following.set(key, own)
      latest.set(node.id, own)
      useCatalog.setState((state) => ({ services: { ...state.services } }))
    } catch {
      following.delete(key)
    }
  }))
}
