/** A parameter that may change during a run is changed in the run that goes on, too, not only in the diagram. */

import type { Control, Run, Schema } from '../api/types'
import { defaultOf } from '../forms/schema'
import { isOver } from './runSocket'

export type Owner = { node: string } | { wire: string }

/** The control that changes ``parameter`` in ``run`` (undefined: to its default); null if there is nothing to change there. */
export function changeOf(run: Run | null, owner: Owner, schema: Schema, parameter: string, value: unknown): Control | null {
  const declared = schema.properties?.[parameter]
  if (!run?.may_control || isOver(run) || !declared?.changeable) return null
  const known = 'node' in owner ? run.graph?.nodes.some((node) => node.id === owner.node) : run.graph?.wires.some((wire) => wire.id === owner.wire)
  if (!known) return null
  return { action: 'parameter', ...owner, parameter, value: value === undefined ? defaultOf(declared, schema) : value }
}
