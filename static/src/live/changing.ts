/** A parameter that may change during a run is changed in the run that goes on, too, not only in the diagram. */

import type { Control, Frame, Run, Schema } from '../api/types'
import { defaultOf } from '../forms/schema'
import { isOver } from './runSocket'
import type { TimedControl } from './shapes'

export type Owner = { node: string } | { wire: string }

/** The control that changes ``parameter`` in ``run`` (undefined: to its default); null if there is nothing to change there. */
export function changeOf(run: Run | null, owner: Owner, schema: Schema, parameter: string, value: unknown): Control | null {
  const declared = schema.properties?.[parameter]
  if (!run?.may_control || isOver(run) || !declared?.changeable) return null
  const known = 'node' in owner ? run.graph?.nodes.some((node) => node.id === owner.node) : run.graph?.wires.some((wire) => wire.id === owner.wire)
  if (!known) return null
  return { action: 'parameter', ...owner, parameter, value: value === undefined ? defaultOf(declared, schema) : value }
}

/** When each changed parameter of ``owner`` begins to act that does not yet, in simulated seconds: of the frame, and of what was changed since it was made. */
export function pendingOf(frame: Pick<Frame, 'time_s' | 'pending'> | null, controls: readonly TimedControl[], owner: Owner, schema: Schema): Record<string, number> {
  const mine = (one: { node?: string; wire?: string }) => ('node' in owner ? one.node === owner.node && one.wire === undefined : one.wire === owner.wire)
  const found: Record<string, number> = {}
  for (const change of frame?.pending ?? []) if (mine(change)) found[change.parameter] = change.at_s
  for (const control of controls) {
    if (control.action !== 'parameter' || !mine(control) || typeof control.time_s !== 'number' || control.time_s < (frame?.time_s ?? 0)) continue
    const after_s = control.after_s ?? schema.properties?.[control.parameter]?.propagation?.delay_s ?? 0
    if (after_s > 0) found[control.parameter] = control.time_s + after_s
    else delete found[control.parameter]
  }
  return found
}
