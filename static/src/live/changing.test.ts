import { describe, expect, it } from 'vitest'

import type { Run, Schema } from '../api/types'
import { changeOf, pendingOf } from './changing'

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

describe('a change that AWS takes a while to spread', () => {
  const slow: Schema = { type: 'object', properties: { spread: { type: 'number', changeable: true, propagation: { delay_s: 60, note: '', source: {} as never } } } }
  const frame = { time_s: 10, pending: [{ node: 'a', parameter: 'spread', value: 1, at_s: 65 }, { wire: 'w', parameter: 'other', value: 1, at_s: 20 }] }

  it('is known by the frame, and of what was done since then by the delay', () => {
    expect(pendingOf(frame, [], { node: 'a' }, slow)).toEqual({ spread: 65 })
    expect(pendingOf(frame, [], { wire: 'w' }, slow)).toEqual({ other: 20 })
    expect(pendingOf(frame, [{ action: 'parameter', node: 'a', parameter: 'spread', value: 2, time_s: 10 }], { node: 'a' }, slow)).toEqual({ spread: 70 })
    expect(pendingOf(null, [{ action: 'parameter', wire: 'w', parameter: 'spread', value: 2, time_s: 3, after_s: 5 }], { wire: 'w' }, slow)).toEqual({ spread: 8 })
  })
  it('is over where it acts at once, or was done before the frame, which tells of it', () => {
    expect(pendingOf(frame, [{ action: 'parameter', node: 'a', parameter: 'spread', value: 2, time_s: 10, after_s: 0 }], { node: 'a' }, slow)).toEqual({})
    expect(pendingOf({ time_s: 80 }, [{ action: 'parameter', node: 'a', parameter: 'spread', value: 2, time_s: 10 }], { node: 'a' }, slow)).toEqual({})
  })
})
