/** What several nodes or wires have in common. */

import type { Schema, Values } from '../api/types'
import { defaultOf, same } from '../forms/schema'

export interface Shared {
  /** What all have alike, and of what they do not, the value of the first. */
  values: Values
  /** Parameters in which they differ. */
  mixed: ReadonlySet<string>
}

export function sharedValues(all: readonly Values[], schema: Schema): Shared {
  const values: Values = {}
  const mixed = new Set<string>()
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const standard = defaultOf(property, schema)
    const found = all.map((one) => (name in one ? one[name] : standard))
    if (found.some((value) => !same(value, found[0]))) mixed.add(name)
    if (mixed.has(name) || all.some((one) => name in one)) values[name] = found[0]
  }
  return { values, mixed }
}
