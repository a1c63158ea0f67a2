import { describe, expect, it } from 'vitest'

import type { Schema } from '../api/types'
import { boundFault, chosenOf, defaultOf, defaultsOf, fieldOf, same, sectionsOf, variantsOf } from './schema'

const root: Schema = {
  type: 'object',
  properties: {
    wait_s: { type: 'number', default: 30, minimum: 0, maximum: 60, unit: 's', section: 'Delivery', title: 'Wait' },
    cap: { anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }], default: null, section: 'Delivery', title: 'Cap' },
    load: { oneOf: [{ $ref: '#/$defs/Flat' }, { $ref: '#/$defs/Ramp' }], discriminator: { propertyName: 'shape', mapping: { flat: '#/$defs/Flat', ramp_up: '#/$defs/Ramp' } }, section: 'Load' },
    kinds: { type: 'array', items: { $ref: '#/$defs/Kind' }, section: 'Content' },
    shares: { type: 'array', items: { type: 'number' } },
    policy: { anyOf: [{ type: 'object', additionalProperties: true }, { type: 'null' }], widget: 'filter_policy', default: null },
    hidden: { type: 'boolean', default: false, advanced: true, section: 'Delivery' },
    mode: { $ref: '#/$defs/Mode', default: 'b' },
  },
  $defs: {
    Flat: { type: 'object', description: 'Always the same.', properties: { shape: { const: 'flat', default: 'flat' }, rate_per_s: { type: 'number', default: 10 } } },
    Ramp: { type: 'object', properties: { shape: { const: 'ramp_up', default: 'ramp_up' }, to_per_s: { type: 'number', default: 50 } } },
    Kind: { type: 'object', properties: { name: { type: 'string', default: 'message' }, share: { type: 'number', default: 1 } } },
    Mode: { type: 'string', enum: ['a', 'b'] },
  },
}

const kindOf = (name: string) => fieldOf(name, root.properties![name]!, root).kind

describe('reading a schema as a form', () => {
  it('knows the field each property needs', () => {
    expect(Object.fromEntries(Object.keys(root.properties!).map((name) => [name, kindOf(name)]))).toEqual({
      wait_s: 'number', cap: 'integer', load: 'union', kinds: 'list', shares: 'numbers', policy: 'pattern', hidden: 'boolean', mode: 'choice',
    })
  })

  it('keeps bounds of a nullable number and says that it may be empty', () => {
    const field = fieldOf('cap', root.properties!['cap']!, root)
    expect(field.nullable).toBe(true)
    expect(field.schema.minimum).toBe(1)
    expect(field.schema.title).toBe('Cap')
  })

  it('takes a word beside a number', () => {
    const field = fieldOf('start_s', { anyOf: [{ type: 'number', minimum: 0 }, { const: 'auto', type: 'string' }], default: 0, unit: 's' }, root)
    expect(field.kind).toBe('number')
    expect(field.words).toEqual(['auto'])
    expect(field.nullable).toBe(false)
    expect(field.schema.minimum).toBe(0)
  })

  it('takes one of several words beside a number', () => {
    const field = fieldOf('fidelity', { anyOf: [{ type: 'string', enum: ['auto', 'exact'] }, { type: 'integer', minimum: 2 }], default: 'auto' }, root)
    expect(field.kind).toBe('integer')
    expect(field.words).toEqual(['auto', 'exact'])
    expect(field.schema.minimum).toBe(2)
  })

  it('makes a choice of words that may be left open', () => {
    const field = fieldOf('size', { anyOf: [{ type: 'string', enum: ['0.5', '1.6'] }, { type: 'null' }], default: null }, root)
    expect([field.kind, field.nullable, field.words]).toEqual(['choice', true, []])
    expect(field.schema.enum).toEqual(['0.5', '1.6'])
  })

  it('takes several texts as lines, and several words of a list as JSON', () => {
    expect(fieldOf('routes', { type: 'array', items: { type: 'string' } }, root).kind).toBe('strings')
    expect(fieldOf('words', { type: 'array', items: { type: 'string', enum: ['a'] } }, root).kind).toBe('json')
  })

  it('groups by section in the order of the schema, with advanced fields apart', () => {
    const sections = sectionsOf(root, root)
    expect(sections.map((section) => section.title)).toEqual(['Delivery', 'Load', 'Content', 'General'])
    expect(sections[0]!.fields.map((field) => field.name)).toEqual(['wait_s', 'cap'])
    expect(sections[0]!.advanced.map((field) => field.name)).toEqual(['hidden'])
  })

  it('lists the alternatives of a union, with their own fields and without the tag', () => {
    const { property, variants } = variantsOf(fieldOf('load', root.properties!['load']!, root))
    expect(property).toBe('shape')
    expect(variants.map(({ tag, title }) => [tag, title])).toEqual([['flat', 'Flat'], ['ramp_up', 'Ramp up']])
    expect(sectionsOf(variants[1]!.schema, root).flatMap((section) => section.fields).map((field) => field.name)).toEqual(['to_per_s'])
    expect(defaultsOf(variants[0]!.schema, root)).toEqual({ shape: 'flat', rate_per_s: 10 })
  })

  it('finds defaults through references, and null for what may be empty', () => {
    expect(defaultOf(root.properties!['cap']!, root)).toBeNull()
    expect(defaultOf(root.properties!['mode']!, root)).toBe('b')
    expect(defaultOf({ $ref: '#/$defs/Kind' }, root)).toEqual({ name: 'message', share: 1 })
  })
})

describe('bounds', () => {
  const show = String
  it('accepts the bounds themselves and refuses what lies beyond, naming the bound', () => {
    const schema = { minimum: 1, maximum: 10 }
    expect(boundFault(1, schema, false, show)).toBeNull()
    expect(boundFault(10, schema, false, show)).toBeNull()
    expect(boundFault(0.9, schema, false, show)).toMatch(/1/)
    expect(boundFault(10.1, schema, false, show)).toMatch(/10/)
  })
  it('refuses the bound itself where it is exclusive, and broken numbers where whole ones are wanted', () => {
    expect(boundFault(0, { exclusiveMinimum: 0 }, false, show)).not.toBeNull()
    expect(boundFault(1, { exclusiveMaximum: 1 }, false, show)).not.toBeNull()
    expect(boundFault(1.5, {}, true, show)).not.toBeNull()
  })
})

it('compares values by what they hold', () => {
  expect(same({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toBe(true)
  expect(same([1, 2], [1])).toBe(false)
  expect(same({ a: null }, { a: 0 })).toBe(false)
  expect(same([], {})).toBe(false)
})

describe('a choice', () => {
  it('keeps the declared type of what was chosen', () => {
    expect(chosenOf([500, 502, 503], '503')).toBe(503)
    expect(chosenOf(['a', 'b'], 'b')).toBe('b')
    expect(chosenOf(['a', 'b'], null)).toBeNull()
  })
})
