/** Which faults there are to inject, and which are in force, from the run's graph, its controls and the catalog. */

import type { Fault, Graph, Services, TimedControl } from './shapes'

export interface NodeFaults { node: string; name: string; faults: readonly Fault[] }

/** Every node of the run that can break, in the diagram's order. */
export function faultsByNode(graph: Graph | undefined, services: Services): NodeFaults[] {
  return (graph?.nodes ?? [])
    .map(({ id, kind, name }) => ({ node: id, name: name || id, faults: services[kind]?.faults ?? [] }))
    .filter(({ faults }) => faults.length > 0)
}

export interface ActiveFault { node: string; fault: string; since_s: number | null }

/** Faults injected and not cleared up to `until_s` (null: up to now). */
export function activeFaults(controls: readonly TimedControl[], until_s: number | null = null): ActiveFault[] {
  const active = new Map<string, ActiveFault>()
  for (const control of controls) {
    if (until_s !== null && (control.time_s ?? 0) > until_s) continue
    if (control.action === 'fault') active.set(`${control.node}\n${control.fault}`, { node: control.node, fault: control.fault, since_s: control.time_s ?? null })
    if (control.action === 'clear_fault') active.delete(`${control.node}\n${control.fault}`)
  }
  return [...active.values()]
}
