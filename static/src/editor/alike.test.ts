import { describe, expect, it } from 'vitest'

import type { Schema } from '../api/types'
import { sharedValues } from './alike'

const schema: Schema = { properties: { wait_s: { type: 'number', default: 30 }, mode: { enum: ['a', 'b'], default: 'a' }, load: { type: 'object', default: { x: 1 } } } }

describe('what several have in common', () => {
  it('is what all have alike, the default counted where none is set', () => {
    expect(sharedValues([{ wait_s: 30 }, {}], schema)).toEqual({ values: { wait_s: 30 }, mixed: new Set() })
  })
  it('tells in what they differ', () => {
    expect(sharedValues([{ load: { x: 2 } }, { mode: 'b' }, {}], schema)).toEqual({ values: { load: { x: 2 }, mode: 'a' }, mixed: new Set(['mode', 'load']) })
  })
})
