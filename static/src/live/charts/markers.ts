/** Moments at which the user changed something during a run. */

import { formatQuantity } from '../../format'
import type { TimedControl } from '../shapes'

export interface Marker { time_s: number; kind: 'fault' | 'mended' | 'load' | 'parameter'; text: string }

export function markersOf(controls: readonly TimedControl[]): Marker[] {
  return controls.flatMap((control): Marker[] => {
    const time_s = control.time_s
    if (typeof time_s !== 'number') return []
    switch (control.action) {
      case 'fault':
        return [{ time_s, kind: 'fault', text: `Fault “${control.fault}” at ${control.node}` }]
      case 'clear_fault':
        return [{ time_s, kind: 'mended', text: `Fault “${control.fault}” at ${control.node} ended` }]
      case 'load':
        return [{ time_s, kind: 'load', text: `Load ${formatQuantity(control.value, '')}×` }]
      case 'parameter':
        return [{ time_s, kind: 'parameter', text: `${control.parameter} = ${String(control.value)}` }]
      default:
        return []
    }
  })
}
