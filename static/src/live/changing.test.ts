import { describe, expect, it } from 'vitest'

import type { Run, Schema } from '../api/types'
import { changeOf } from './changing'

const schema: Schema = { type: 'object', properties: { now: { type: 'number', default: 3, changeable: true }, later: { type: 'number', default: 1 } } }
const run = { id: 'r', state: 'running', may_control: true, graph: { version: 1, name: '', nodes: [{ id: 'a', kind: 'k', name: '', parameters: {} }], wires: [{ id: 'w', from: { node: 'a', port: 'o' }, to: { node: 'a', port: 'i' }, parameters: {} }] } } as unknown as Run

describe('a parameter changed while a run goes on', () => {
  it('becomes a control of the run, with its default where it was reset', () => {
    expect(changeOf(run, { node: 'a' }, schema, 'now', 7)).toEqual({ action: 'parameter', node: 'a', parameter: 'now', value: 7 })
    expect(changeOf(run, { wire: 'w' }, schema, 'now', undefined)).toEqual({ action: 'parameter', wire: 'w', parameter: 'now', value: 3 })
  })
  it('stays in the diagram where the run cannot take it', () => {
    expect(changeOf(run, { node: 'a' }, schema, 'later', 7)).toBeNull()
    expect(changeOf(run, { node: 'new' }, schema, 'now', 7)).toBeNull()
    expect(changeOf({ ...run, state: 'finished' } as Run, { node: 'a' }, schema, 'now', 7)).toBeNull()
    expect(changeOf({ ...run, may_control: false } as Run, { node: 'a' }, schema, 'now', 7)).toBeNull()
    expect(changeOf(null, { node: 'a' }, schema, 'now', 7)).toBeNull()
  })
})
