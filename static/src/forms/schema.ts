/** Reading JSON Schemas as forms: references, nullable types, unions by a discriminator, defaults. */

import type { Schema, Values } from '../api/types'

/** A property with its references followed: what kind of field it needs. */
export interface Field {
  name: string
  schema: Schema
  root: Schema
  nullable: boolean
  /** Words that a quantity may be instead of a number, such as “auto”. */
  words: string[]
  kind: 'number' | 'integer' | 'boolean' | 'string' | 'choice' | 'union' | 'object' | 'list' | 'numbers' | 'strings' | 'json' | 'pattern' | 'trace' | 'node' | 'definition'
}

/** Widgets of patterns that messages match or not. */
export const PATTERNS: ReadonlySet<string> = new Set(['filter_policy', 'event_pattern', 'record_pattern', 'data_pattern', 'value_pattern', 'record_patterns', 'data_patterns', 'value_patterns'])

const resolve = (schema: Schema, root: Schema): Schema => {
  if (!schema.$ref) return schema
  const found = root.$defs?.[schema.$ref.replace('#/$defs/', '')] ?? {}
  const { $ref: _, ...own } = schema
  return { ...found, ...own }
}

/** The words that a choice stands for, if it is of words alone. */
const wordsOf = ({ const: word, enum: many }: Schema): string[] => [word, ...(many ?? [])].filter((one) => typeof one === 'string')

/** Follow a reference and strip "or null"; the keys of the outer schema win. */
export function resolved(schema: Schema, root: Schema): { schema: Schema; nullable: boolean; words: string[] } {
  const outer = resolve(schema, root)
  if (!outer.anyOf) return { schema: outer, nullable: false, words: [] }
  const nullable = outer.anyOf.some((choice) => choice.type === 'null')
  const words = outer.anyOf.flatMap(wordsOf)
  const choices = outer.anyOf.filter((choice) => choice.type !== 'null' && wordsOf(choice).length === 0)
  const { anyOf: _, ...own } = outer
  // Nothing but words, or none of them: a choice that may be left open.
  if (choices.length === 0 && words.length > 0) return { schema: { type: 'string', enum: words, ...own }, nullable, words: [] }
  if (choices.length !== 1) return { schema: outer, nullable, words: [] }
  return { schema: { ...resolve(choices[0]!, root), ...own }, nullable, words }
}

export function fieldOf(name: string, property: Schema, root: Schema): Field {
  const { schema, nullable, words } = resolved(property, root)
  return { name, schema, root, nullable, words, kind: kindOf(schema, root) }
}

function kindOf(schema: Schema, root: Schema): Field['kind'] {
  if (schema.widget === 'trace') return 'trace'
  if (schema.widget === 'json') return 'json'
  if (schema.widget && PATTERNS.has(schema.widget)) return 'pattern'
  if (schema.widget === 'node') return 'node'
  if (schema.widget === 'definition') return 'definition'
  if (schema.oneOf && schema.discriminator) return 'union'
  if (schema.enum) return 'choice'
  if (schema.type === 'boolean') return 'boolean'
  if (schema.type === 'integer') return 'integer'
  if (schema.type === 'number') return 'number'
  if (schema.type === 'string') return 'string'
  if (schema.type === 'array') {
    const items = schema.items ? resolved(schema.items, root).schema : {}
    if (items.type === 'number' || items.type === 'integer') return 'numbers'
    if (items.type === 'string' && !items.enum) return 'strings'
    return items.type === 'object' && items.properties ? 'list' : 'json'
  }
  return schema.properties ? 'object' : 'json'
}

/** Fields of an object schema, grouped under their section headings, folded ones apart. */
export function sectionsOf(schema: Schema, root: Schema): { title: string; fields: Field[]; advanced: Field[] }[] {
  const sections = new Map<string, { title: string; fields: Field[]; advanced: Field[] }>()
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.const !== undefined) continue
    const field = fieldOf(name, property, root)
    const title = property.section ?? field.schema.section ?? 'General'
    const section = sections.get(title) ?? { title, fields: [], advanced: [] }
    sections.set(title, section)
    ;(field.schema.advanced ? section.advanced : section.fields).push(field)
  }
  return [...sections.values()]
}

export interface Variant { tag: string; title: string; schema: Schema; help: string }

/** The alternatives of a union, with a readable title for each. */
export function variantsOf(field: Field): { property: string; variants: Variant[] } {
  const { schema, root } = field
  const property = schema.discriminator!.propertyName
  const variants = Object.entries(schema.discriminator!.mapping).map(([tag, ref]) => {
    const found = resolve({ $ref: ref }, root)
    return { tag, title: tag.charAt(0).toUpperCase() + tag.slice(1).replaceAll('_', ' '), schema: found, help: found.description ?? '' }
  })
  return { property, variants }
}

/** The default of a property: its own, or made of the defaults of its parts. */
export function defaultOf(schema: Schema, root: Schema): unknown {
  if (schema.default !== undefined) return schema.default
  const { schema: found, nullable } = resolved(schema, root)
  if (found.default !== undefined) return found.default
  if (found.const !== undefined) return found.const
  if (nullable) return null
  if (found.properties) return defaultsOf(found, root)
  if (found.type === 'array') return []
  return undefined
}

/** An object made of defaults. */
export function defaultsOf(schema: Schema, root: Schema): Values {
  const values: Values = {}
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const value = defaultOf(property, root)
    if (value !== undefined) values[name] = value
  }
  return values
}

export function same(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const [a, b] = [left as Values, right as Values]
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => same(a[key], b[key]))
}

/** Why a number is out of bounds; null if it is within. */
export function boundFault(value: number, schema: Schema, integer: boolean, show: (value: number) => string): string | null {
  if (integer && !Number.isInteger(value)) return 'Give a whole number'
  if (schema.minimum !== undefined && value < schema.minimum) return `At least ${show(schema.minimum)}`
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum) return `More than ${show(schema.exclusiveMinimum)}`
  if (schema.maximum !== undefined && value > schema.maximum) return `At most ${show(schema.maximum)}`
  if (schema.exclusiveMaximum !== undefined && value >= schema.exclusiveMaximum) return `Less than ${show(schema.exclusiveMaximum)}`
  return null
}

/** A choice as it is read: a name of our own without its underscores; AWS's values stay as AWS writes them. */
export const choiceWords = (choice: string): string => (/^[a-z]+(_[a-z]+)+$/.test(choice) ? choice.replaceAll('_', ' ') : choice)

/** The declared value that a form shows as this text: a choice may be a number. */
export const chosenOf = (choices: readonly unknown[], text: string | null): unknown => choices.find((choice) => String(choice) === text) ?? null
