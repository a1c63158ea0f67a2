/** Moments marked on charts and timeline: where the user changed something, and where the warm-up ends. */

import { formatQuantity } from '../../format'
import type { Report, TimedControl } from '../shapes'

export interface Marker { time_s: number; kind: 'fault' | 'mended' | 'load' | 'parameter' | 'warm-up'; text: string }

/** Where a control acts, by its id. */
const at = ({ node, wire, group }: { node?: string; wire?: string; group?: string }) => node ?? wire ?? group ?? ''

export function markersOf(controls: readonly TimedControl[]): Marker[] {
  return controls.flatMap((control): Marker[] => {
    const time_s = control.time_s
    if (typeof time_s !== 'number') return []
    switch (control.action) {
      case 'fault':
        return [{ time_s, kind: 'fault', text: `Fault “${control.fault}” at ${at(control)}` }, ...(control.for_s ? [{ time_s: time_s + control.for_s, kind: 'mended' as const, text: `Fault “${control.fault}” at ${at(control)} ended` }] : [])]
      case 'clear_fault':
        return [{ time_s, kind: 'mended', text: `Fault “${control.fault}” at ${at(control)} ended` }]
      case 'load':
        return [{ time_s, kind: 'load', text: `Load ${formatQuantity(control.value, '')}×` }]
      case 'parameter':
        return [{ time_s, kind: 'parameter', text: `${control.parameter} = ${String(control.value)}` }]
      default:
        return []
    }
  })
}

/** The marks of a run: its controls, and the end of its warm-up once the report tells it. */
export function marksOf({ controls, report }: { controls: readonly TimedControl[]; report: Report | null }): Marker[] {
  const time_s = report?.warm_up_s ?? 0
  const found = report?.steady_state.warm_up?.method
  const mark: Marker[] = time_s > 0 ? [{ time_s, kind: 'warm-up', text: found && found !== 'fixed' ? `The warm-up ends (${found})` : 'The warm-up ends' }] : []
  return [...mark, ...markersOf(controls)]
}
