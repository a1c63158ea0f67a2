import { expect, test } from 'vitest'

import type { ComparedCell, Report } from '../api/types'
import { graphOf, services, wire } from '../testing/services'
import { choices, compareLink, differenceText, differingWords, noneWords, overlay, runIn, runsIn, schemaOf } from './comparing'

const ID = '01234567-89ab-cdef-0123-456789abcdef'
const cell = (more: Partial<ComparedCell>): ComparedCell => ({ value: 1, mean: null, half_width: null, difference: null, difference_half_width: null, relative: null, verdict: null, ...more })
const report = (time_s: number[], sent: number[], level: number[]) => ({
  series: { time_s, nodes: { q: { Sent: sent, Level: level } } },
  nodes: { q: { name: 'queue', metrics: { Sent: { type: 'sum', unit: 'messages', title: 'Sent' }, Level: { type: 'gauge', unit: 'messages', title: 'Level' } } } },
}) as unknown as Report

test('an address names runs and their keys, in order', () => {
  expect(runsIn(new URL(compareLink(['a', 'b'], ['', 'k/1']), 'http://x').search)).toEqual({ runs: ['a', 'b'], keys: ['', 'k/1'] })
  expect(runsIn('')).toEqual({ runs: [], keys: [] })
})

test('a pasted link or id names a run', () => {
  expect(runIn(`http://x/runs/${ID}/?key=abc&t=3`)).toEqual({ run: ID, key: 'abc' })
  expect(runIn(`http://x/diagrams/fedcba98-7654-3210-fedc-ba9876543210/?run=${ID}`)).toEqual({ run: ID, key: '' })
  expect(runIn(ID)?.run).toBe(ID)
  expect(runIn('nothing')).toBeNull()
})

test('a difference is told with its interval and share', () => {
  expect(differenceText(cell({ difference: -2, difference_half_width: 0.5, relative: -0.4, verdict: 'lower' }), 's')).toBe('−2 s ± 500 ms (−40 %)')
  expect(differenceText(cell({ difference: -0.137, difference_half_width: 0.0188, relative: -0.0016, verdict: 'lower' }), 'per_s')).toBe('−0.137/s ± 0.0188/s (−0.16 %)')
  expect(differenceText(cell({ difference: 0, verdict: 'equal' }), 's')).toBe('the same')
  expect(differenceText(cell({}), 's')).toBe('')
})

test('series of runs with other times lie over each other, counters as rates', () => {
  const both = [report([0, 1, 2], [0, 10, 30], [0, 1, 2]), report([0, 2], [0, 8], [5, 6]), null]
  expect(overlay(both, 'q', 'Sent')).toEqual({ time_s: [0, 1, 2], lines: [[null, 10, 20], [null, null, 4], [null, null, null]] })
  expect(overlay(both, 'q', 'Level').lines[1]).toEqual([5, null, 6])
  expect(choices(both).map(({ label, unit }) => [label, unit])).toEqual([['queue · Sent', 'per_s'], ['queue · Level', 'messages']])
})

test('what differs has the schema of its node, wire, account or run', () => {
  const run = { properties: { duration_s: { type: 'number', unit: 's' } } }
  const graph = graphOf({ b: 'basin', 'the mill': 'mill' }, [wire('w 1', 'b.out', 'the mill.pulls')])
  expect(schemaOf('run', graph, services, run)).toBe(run)
  expect(schemaOf('node the mill', graph, services, run)).toBe(services['mill']!.parameters)
  expect(schemaOf('wire w 1', graph, services, run)!.properties!['batch_size']!.title).toBe('Batch size')
  expect([schemaOf('account basin', graph, services, run), schemaOf('node gone', graph, services, run), schemaOf('script', graph, services, run), schemaOf('node b', undefined, services, run)]).toEqual([null, null, null, null])
})

test('what differs is said in words, a line of the script as its panel says it', () => {
  const cut = { name: 'cut', title: 'The network is cut', help: '', sort: 'network', instant: false, of_callers: false, parameters: { type: 'object' } }
  const known = { services: structuredClone(services), faults: { sorts: [], wire: [cut], group: [], group_kinds: [] }, run: { properties: { duration_s: { type: 'number', unit: 's' } } } }
  known.services['mill']!.ports.find(({ name }) => name === 'pulls')!.wire_parameters!.properties!['batch_size']!.changeable = true
  const graph = graphOf({ s: 'spring', b: 'basin', m: 'mill' }, [wire('w', 's.out', 'b.in'), wire('p', 'b.out', 'm.pulls')])
  const words = (line: object) => differingWords('script', 'line 1', line, graph, known)
  expect(words({ time_s: 60, action: 'fault', wire: 'w', fault: 'cut', for_s: 30 })).toBe('1:00 · The network is cut · s → b · until 1:30')
  expect(words({ time_s: 90, action: 'load', value: 2 })).toBe('1:30 · Load 2× · all sources · until changed again')
  expect(words({ time_s: 90, action: 'parameter', wire: 'p', parameter: 'batch_size', value: 5, after_s: 15 })).toBe('1:30 · Batch size = 5 · b → m · acts at 1:45')
  expect(differingWords('run', 'duration_s', 90, graph, known)).toBe('1 min 30 s')
  expect(differingWords('run', 'duration_s', null, graph, known)).toBeNull()
  expect([noneWords('script', 'line 2'), noneWords('node b', ''), noneWords('run', 'seed')]).toEqual(['absent', 'absent', 'default'])
})
