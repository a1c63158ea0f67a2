/** What the server says there is: every service by its kind. No service is known to the browser in any other way. */

import { create } from 'zustand'

import { api, ApiError } from './client'
import type { Port, Schema, Service } from './types'

interface CatalogState {
  services: Record<string, Service>
  order: string[]
  run: Schema | null
  engineVersion: string
  loaded: boolean
  error: string | null
  load: () => Promise<void>
}

export const useCatalog = create<CatalogState>((set, get) => ({
  services: {},
  order: [],
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

/** The port of this name of a service, if both are known. */
export function portOf(services: Record<string, Service>, kind: string | undefined, name: string): Port | undefined {
  return kind === undefined ? undefined : services[kind]?.ports.find((port) => port.name === name)
}
