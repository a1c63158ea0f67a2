import { describe, expect, it } from 'vitest'

import type { Frame, NodeFrame, Report, ReportPath, Trace } from '../api/types'
import { barsOf, splitOf } from './latency'
import { basisOf } from './LatencyPart'
import { ledgerOf } from './ledger'

const leg = (node: string, cause: string, from_s: number, to_s: number) => ({ node, cause, title: cause, from_s, to_s })
const trace = (latency_s: number, legs: Trace['legs'], path = ['a', 'b'], more: Partial<Trace> = {}): Trace => ({ message: 1, type: 'm', path, latency_s, end: 'done', ended_s: latency_s, messages: 1, sampled: false, legs, ...more })
const path = {
  nodes: ['a', 'b'], end: 'done', messages: 100, latency: { count: 100, mean: 2, p50: 1, p90: 5, p99: 9, max: 10 },
  split: [{ node: 'b', cause: 'work', title: 'Work', mean_s: 0.5, share: 0.25, culprit: null }, { node: 'a', cause: 'busy', title: 'Busy', mean_s: 1.5, share: 0.75, culprit: null }],
} as ReportPath
const report = {
  nodes: { a: { waits: [{ cause: 'busy', scarce: true }] }, b: { waits: [{ cause: 'work', scarce: false }] } },
  traces: [
    trace(1, [leg('a', 'busy', 0, 0.6), leg('b', 'work', 0.6, 1)]), trace(1.2, [leg('a', 'busy', 0, 0.8), leg('b', 'work', 0.8, 1.2)]),
    trace(10, [leg('a', 'busy', 0, 9), leg('b', 'work', 9, 10)]), trace(1, [leg('a', 'busy', 0, 1)], ['a']),
  ],
} as unknown as Report

describe('where the time of a path went', () => {
  const split = splitOf(report, path)

  it('stands in the order of the way, and says what was waiting for something scarce', () => {
    expect(split.rows.map(({ node, cause, scarce }) => [node, cause, scarce])).toEqual([['a', 'busy', true], ['b', 'work', false]])
  })

  it('has the mean of all, and the traced messages of this path about the median and above the 99th percentile', () => {
    expect(split.traced).toEqual({ p50: { count: 2, of: 100, even: false }, p99: { count: 1, of: 1, even: false } })
    expect(split.rows[0]!.seconds.mean).toBe(1.5)
    expect(split.rows[0]!.seconds.p50).toBeCloseTo(0.7)
    expect(split.rows[1]!.seconds.p50).toBeCloseTo(0.4)
    expect(split.rows[0]!.seconds.p99).toBe(9)
  })

  it('says how far chance goes where not all were traced: Student’s t of two, and of one nothing', () => {
    expect(split.rows[0]!.give.p50).toBeCloseTo(12.706 * 0.1, 3)
    expect(split.rows[0]!.give.p99).toBeNull()
    expect(basisOf(path, split)).toBe('Mean, p50 and p99 themselves are of all 100, and so is the split of the mean. The split about p50 is that of 2 traced messages within 25 % of it. The split above p99 is of all 1 that were as slow. ± is the 95 % interval of a mean of so few, as far as chance goes.')
  })

  it('takes those taken evenly over the run where there are enough, each for the messages it stands for, and none twice', () => {
    const even = [1, 2, 3, 4, 5].map((message) => trace(1, [leg('a', 'busy', 0, message === 1 ? 1 : 0.5), leg('b', 'work', message === 1 ? 1 : 0.5, 1)], ['a', 'b'], { message, sampled: true, messages: message === 1 ? 4 : 1 }))
    const slow = trace(1.2, [leg('a', 'busy', 0, 1.2)], ['a', 'b'], { message: 9 })
    const { rows, traced } = splitOf({ ...report, traces: [{ ...even[1]!, sampled: false }, slow, ...even] }, path)
    expect(traced.p50).toEqual({ count: 5, of: 100, even: true })
    expect(rows[0]!.seconds.p50).toBeCloseTo((4 * 1 + 4 * 0.5) / 8)
  })

  it('is drawn one after the other', () => {
    expect(barsOf(split, 'mean')).toEqual([{ from: 0, share: 0.75 }, { from: 0.75, share: 0.25 }])
    expect(barsOf({ ...split, rows: split.rows.map((row) => ({ ...row, seconds: { mean: 0, p50: 0, p99: 0 } })) }, 'p99')).toEqual([{ from: 0, share: 0 }, { from: 0, share: 0 }])
  })
})

describe('the ledger', () => {
  it('lists losses, then refusals by wire, then trouble, each with the most first, and nothing that did not happen', () => {
    const node = (losses: Record<string, number>, metrics: NodeFrame['metrics']): NodeFrame => ({ state: 'failing', sentence: null, culprit: null, limits: {}, waits: {}, losses, metrics })
    const wire = (refused: number) => ({ state: 'flowing' as const, sent: 0, delivered: 0, refused, in_transit: 0 })
    const now = { nodes: { a: node({ old: 2, gone: 5, never: 0 }, { Throttles: 4, Sent: 9 }) }, wires: { w1: wire(7), w2: wire(0) } } as unknown as Frame
    const graph = { nodes: [], wires: [{ id: 'w1', from: { node: 'x', port: 'out' }, to: { node: 'a', port: 'in' }, parameters: {} }, { id: 'w2', from: { node: 'a', port: 'out' }, to: { node: 'x', port: 'in' }, parameters: {} }], version: 1, name: '' }
    const metric = (name: string, chart: string) => ({ name, title: name, unit: 'count', type: 'sum', chart })
    const rows = ledgerOf(now, graph, () => ({ metrics: [metric('Throttles', 'trouble'), metric('Sent', 'rates')] }) as never, (_, cause) => cause)
    expect(rows.map(({ kind, node: at, to, title, count }) => [kind, at, to, title, count])).toEqual([
      ['lost', 'a', null, 'gone', 5], ['lost', 'a', null, 'old', 2], ['refused', 'a', 'x', 'Refused', 7], ['trouble', 'a', null, 'Throttles', 4],
    ])
  })
})
