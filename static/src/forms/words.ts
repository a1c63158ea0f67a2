/** Values in words: as their schema names and measures them, never as JSON where it knows their parts. */

import type { Schema, Values } from '../api/types'
import { formatQuantity } from '../format'
import { saidIn } from '../patterns/rows'
import { fieldOf, PATTERNS, variantsOf } from './schema'

const LONGEST = 60

const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value in a few words; without a schema, as well as its own form tells. */
export function valueWords(value: unknown, schema?: Schema | null, root: Schema | null | undefined = schema): string {
  if (value === null || value === undefined) return 'none'
  if (typeof value === 'number') return formatQuantity(value, schema?.unit ?? '')
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'string') return value
  return (schema && root && partsWords(value, schema, root)) || shortened(JSON.stringify(value))
}

/** The value of a setting, by its name. */
export const settingWords = (name: string, value: unknown, schema: Schema | null | undefined): string => valueWords(value, schema?.properties?.[name], schema)

/** Settings in a line: “visibility timeout 45 s, work lognormal: median 20 ms, 99th percentile 200 ms”. */
export const settingsWords = (values: Values, schema: Schema | null | undefined, root = schema): string =>
  Object.entries(values).map(([name, value]) => `${(schema?.properties?.[name]?.title ?? name).toLowerCase()} ${valueWords(value, schema?.properties?.[name], root)}`).join(', ')

function partsWords(value: unknown, schema: Schema, root: Schema): string | null {
  const field = fieldOf('', schema, root)
  const { widget } = field.schema
  if (widget && PATTERNS.has(widget)) return saidIn(value, widget === 'filter_policy')
  if (Array.isArray(value)) return listWords(value, field.schema, root)
  if (!isObject(value)) return null
  if (field.kind === 'union') {
    const { property, variants } = variantsOf(field)
    const variant = variants.find(({ tag }) => tag === value[property])
    const { [property]: _, ...rest } = value
    return variant ? joined(variant.title.toLowerCase(), settingsWords(rest, variant.schema, root)) : null
  }
  return field.kind === 'object' ? settingsWords(value, field.schema, root) || null : null
}

const joined = (title: string, said: string) => (said ? `${title}: ${said}` : title)

function listWords(values: readonly unknown[], schema: Schema, root: Schema): string | null {
  if (values.length === 0) return 'none'
  if (values.every((value) => !isObject(value) && !Array.isArray(value))) return shortened(values.map((value) => valueWords(value, schema.items, root)).join(', '))
  const names = values.map((value) => (isObject(value) && typeof value['name'] === 'string' ? value['name'] : null))
  return names.includes(null) ? null : shortened(names.join(', '))
}

const shortened = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}…` : text)
