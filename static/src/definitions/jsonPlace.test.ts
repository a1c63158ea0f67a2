import { describe, expect, it } from 'vitest'

import type { Schema } from '../api/types'
import { jsonText, offersAt, placeIn } from './jsonPlace'

const schema: Schema = {
  type: 'object',
  additionalProperties: { $ref: '#/$defs/Attribute' },
  properties: { steps: { type: 'array', items: { anyOf: [{ enum: ['a', 'b', 3] }, { type: 'object', properties: { at_s: { type: 'number', description: 'When' }, on: { type: 'boolean' } } }] } } },
  $defs: { Attribute: { type: 'object', properties: { Type: { enum: ['String', 'Number'] }, Value: { type: 'string' } } } },
}

/** What is offered at the bar. */
function offered(marked: string): string[] {
  const at = marked.indexOf('|')
  const place = placeIn(marked.replace('|', ''), at)
  return place ? offersAt(schema, place).map((offer) => offer.label) : []
}

describe('completion of JSON', () => {
  it.each([
    ['{|', ['steps']],
    ['{"st|', ['steps']],
    ['{"kind": {"|', ['Type', 'Value']],
    ['{"kind": {"Type": "String", |', ['Value']],
    ['{"kind": {"Type": |', ['String', 'Number']],
    ['{"kind": {"Type": "num|', ['Number']],
    ['{"steps": [|', ['a', 'b', '3']],
    ['{"steps": ["a", {"|', ['at_s', 'on']],
    ['{"steps": ["a", {"on": t|', ['true']],
    ['{"steps": ["a", {"on": true|}]}', ['true']],
    ['{"steps" |', []],
    ['{"steps": "x" |', []],
    ['{"a \\" { [": {"T|', ['Type']],
  ])('at %s', (marked, labels) => {
    expect(offered(marked)).toEqual(labels)
  })
})

describe('JSON as people write it', () => {
  it('keeps what is short on one line, and is the same JSON', () => {
    const value = { a: [1, 2], b: { c: ['[', '}\n{'], d: [] }, e: ['x'.repeat(70)] }
    expect(jsonText(value)).toContain('"a": [1, 2],')
    expect(jsonText(value)).toContain('"e": [\n')
    expect(JSON.parse(jsonText(value))).toEqual(value)
  })
})
