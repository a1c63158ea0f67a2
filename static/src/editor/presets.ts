import type { Preset, Service } from '../api/types'

/** The presets that a search finds: all of a service that is found itself. */
export function presetsFound(service: Service, text: string, serviceFound: boolean): Preset[] {
  const wanted = text.trim().toLowerCase()
  return service.presets.filter((preset) => serviceFound || [preset.title, preset.summary].some((word) => word.toLowerCase().includes(wanted)))
}
