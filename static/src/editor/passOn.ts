/** Parameters that may be changed while a run goes on are changed in the run, too. */

import type { Schema } from '../api/types'
import { changeOf, useRun, type Owner } from '../live'

/** Change the run that goes on as the diagram was changed. */
export function passOn(owner: Owner, schema: Schema, name: string, value: unknown): void {
  const { run, control } = useRun.getState()
  const change = changeOf(run, owner, schema, name, value)
  if (change) void control(change)
}
