/** Where in a JSON text the caret is, and what a schema offers there; the text may be unfinished. */

import type { Schema } from '../api/types'

export interface JsonPlace {
  path: (string | number)[]
  expects: 'key' | 'value'
  /** Where the word begins that is being typed; the caret's place if none is. */
  from: number
  typed: string
  /** Keys that the object has already. */
  taken: string[]
}

interface Level { open: '{' | '['; state: 'key' | 'colon' | 'value' | 'comma'; key: string; index: number; taken: string[] }

const WORD = /[\w.+-]/

/** Read up to `end`; null where nothing can be written (within a key that is done, after a value). */
export function placeIn(text: string, end: number): JsonPlace | null {
  const stack: Level[] = []
  const top = () => stack[stack.length - 1]
  const valueDone = () => { const level = top(); if (level) level.state = 'comma' }
  const place = (from: number, typed: string): JsonPlace | null => {
    const level = top()
    if (level && (level.state === 'comma' || level.state === 'colon')) return null
    const expects = level?.open === '{' && level.state === 'key' ? 'key' : 'value'
    const steps = expects === 'key' ? stack.slice(0, -1) : stack
    return { path: steps.map((one) => (one.open === '{' ? one.key : one.index)), expects, from, typed, taken: level?.taken ?? [] }
  }
  let at = 0
  while (at < end) {
    const letter = text[at]!
    const level = top()
    if (letter === '"') {
      let stop = at + 1
      while (stop < end && text[stop] !== '"') stop += text[stop] === '\\' ? 2 : 1
      if (stop >= end) return place(at, text.slice(at + 1, end))
      const word = text.slice(at + 1, stop)
      if (level?.open === '{' && level.state === 'key') {
        level.key = word
        level.taken.push(word)
        level.state = 'colon'
      } else valueDone()
      at = stop + 1
      continue
    }
    if (letter === '{' || letter === '[') stack.push({ open: letter, state: letter === '{' ? 'key' : 'value', key: '', index: 0, taken: [] })
    else if (letter === '}' || letter === ']') { stack.pop(); valueDone() }
    else if (letter === ':' && level) level.state = 'value'
    else if (letter === ',' && level) {
      level.state = level.open === '{' ? 'key' : 'value'
      level.index += 1
    } else if (WORD.test(letter)) {
      let stop = at + 1
      while (stop < end && WORD.test(text[stop]!)) stop += 1
      if (stop >= end) return place(at, text.slice(at, end))
      valueDone()
      at = stop
      continue
    }
    at += 1
  }
  return place(end, '')
}

/** The schemas that hold at a path: one for each choice there is. */
function schemasAt(root: Schema, schema: Schema, path: readonly (string | number)[]): Schema[] {
  const found = open(root, schema)
  const [step, ...rest] = path
  if (step === undefined) return found
  return found.flatMap((one) => {
    const next = typeof step === 'number' ? one.items : one.properties && Object.hasOwn(one.properties, step) ? one.properties[step] : typeof one.additionalProperties === 'object' ? one.additionalProperties : undefined
    return next ? schemasAt(root, next, rest) : []
  })
}

/** A schema with its reference followed, as its choices. */
function open(root: Schema, schema: Schema): Schema[] {
  const followed = schema.$ref ? root.$defs?.[schema.$ref.replace('#/$defs/', '')] ?? {} : schema
  const choices = [...(followed.anyOf ?? []), ...(followed.oneOf ?? [])]
  return choices.length ? choices.flatMap((choice) => open(root, choice)) : [followed]
}

export interface Offer { label: string; insert: string; help: string }

/** What can be written at a place. */
export function offersAt(root: Schema, place: JsonPlace): Offer[] {
  const schemas = schemasAt(root, root, place.path)
  const wanted = place.typed.toLowerCase()
  const offers = new Map<string, Offer>()
  const add = (label: string, insert: string, help = '') => { if (label.toLowerCase().includes(wanted) && !offers.has(label)) offers.set(label, { label, insert, help }) }
  if (place.expects === 'key') {
    for (const schema of schemas) for (const [name, property] of Object.entries(schema.properties ?? {})) if (!place.taken.includes(name)) add(name, `${JSON.stringify(name)}: `, property.description ?? property.title ?? '')
  } else {
    for (const schema of schemas) {
      const values = schema.const === undefined ? schema.enum ?? (schema.type === 'boolean' ? [true, false] : []) : [schema.const]
      values.forEach((value) => add(String(value), JSON.stringify(value), schema.description ?? ''))
      if (schema.default !== undefined && typeof schema.default !== 'object') add(String(schema.default), JSON.stringify(schema.default), 'default')
    }
  }
  return [...offers.values()].sort((one, other) => Number(other.label.toLowerCase().startsWith(wanted)) - Number(one.label.toLowerCase().startsWith(wanted)))
}

const LONGEST_LINE = 60

/** JSON as people write it: a short list or object that holds nothing nested is on one line. */
export const jsonText = (value: unknown): string => JSON.stringify(value, null, 2).replace(/[[{]\n[^[\]{}]*\n\s*[\]}]/g, (part) => {
  const line = part.replace(/\n\s*/g, ' ')
  return line.length > LONGEST_LINE ? part : line.replace(/^\[ (.*) \]$/, '[$1]')
})
