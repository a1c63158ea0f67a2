import { expect, test } from 'vitest'

import type { Graph, ScriptLine } from '../api/types'
import { activeFaults, breakables, lastingGroups, placeKey, placeOf } from '../live/faults'
import { lineText, scriptFrom, withScript } from './script'

const graph: Graph = {
  version: 1, name: '', nodes: [{ id: 'a', kind: 'x', name: 'Desk', parameters: {} }, { id: 'b', kind: 'x', name: '', parameters: {} }],
  wires: [{ id: 'w', from: { node: 'a', port: 'out' }, to: { node: 'b', port: 'in' }, parameters: {} }], view: { groups: [{ id: 'g', title: 'Zone', kind: 'group', members: ['a'] }] },
}

test('lines stand in the order of their times, and a graph without lines has no script', () => {
  const lines: ScriptLine[] = [{ time_s: 9, action: 'load', value: 1 }, { time_s: 2, action: 'load', value: 3 }, { time_s: 9, action: 'load', value: 2 }]
  expect(withScript(graph, lines).script?.map((line) => [line.time_s, 'value' in line && line.value])).toEqual([[2, 3], [9, 1], [9, 2]])
  expect('script' in withScript({ ...graph, script: lines }, [])).toBe(false)
})

test('what a run did becomes a script without what only paced it, or has not taken effect', () => {
  const controls = [{ action: 'pause', time_s: 1 }, { action: 'load', value: 2, time_s: 3, scripted: true }, { action: 'fault', node: 'a', fault: 'f', time_s: null }, { action: 'stop', time_s: 9 }] as never
  expect(scriptFrom(controls)).toEqual([{ action: 'load', value: 2, time_s: 3 }])
})

test('a line says what happens where, and until when', () => {
  const cut: ScriptLine = { time_s: 60, action: 'fault', wire: 'w', fault: 'cut', for_s: 30 }
  expect(lineText(cut, graph, [], [])).toEqual({ what: 'cut', where: 'Desk → b', until: '1:30' })
  expect(lineText({ time_s: 0, action: 'fault', group: 'g', fault: 'lost' }, graph, [], []).where).toBe('Zone')
  const slow = { name: 'slow', title: 'Slow', help: '', sort: 'slow', instant: false, of_callers: false, parameters: { type: 'object', properties: { share: { type: 'number', title: 'Share', unit: 'share' } } } }
  const places = [{ place: { node: 'a' }, key: placeKey({ node: 'a' }), name: 'Desk', faults: [slow] }] as never
  expect(lineText({ time_s: 0, action: 'fault', node: 'a', fault: 'slow', value: { share: 0.5 } }, graph, places, []).what).toMatch(/^Slow, share 50/)
})

test('a value with parts is said in words', () => {
  const schema = { type: 'object', properties: { work: { title: 'Work', type: 'object', properties: { mean_s: { title: 'Mean', type: 'number', unit: 's' } } } } }
  const changeable = [{ place: { node: 'a' }, key: placeKey({ node: 'a' }), name: 'Desk', schema, parameters: [['work', schema.properties.work]] }] as never
  expect(lineText({ time_s: 0, action: 'parameter', node: 'a', parameter: 'work', value: { mean_s: 0.2 } }, graph, [], changeable).what).toBe('Work = mean 200 ms')
})

test('a place survives as a text', () => {
  for (const place of [{ node: 'a b' }, { wire: 'w' }, { group: 'g 1' }]) expect(placeOf(placeKey(place))).toEqual(place)
})

test('faults in force are those of the frame, and what was done since', () => {
  const frame = { time_s: 10, faults: [{ node: 'a', fault: 'f', value: {}, since_s: 1, until_s: 20 }] }
  expect(activeFaults(frame, [{ action: 'fault', node: 'b', fault: 'old', time_s: 4 }])).toHaveLength(1)
  expect(activeFaults(frame, [{ action: 'clear_fault', node: 'a', fault: 'f', time_s: 10 }])).toHaveLength(0)
  expect(activeFaults(frame, [{ action: 'fault', wire: 'w', fault: 'cut', time_s: 10, for_s: 5 }]).map((fault) => fault.until_s)).toEqual([20, 15])
  expect(activeFaults(null, [{ action: 'fault', node: 'a', fault: 'once', time_s: 0 }], () => true)).toHaveLength(0)
})

test('only boxes that stand for what fails as a whole can be lost; the others are named', () => {
  const lost = { name: 'lost', title: 'Lost', help: '', sort: 'network', instant: false, of_callers: false, parameters: { type: 'object' } }
  const faults = { sorts: [], wire: [], group: [lost], group_kinds: ['zone'] } as never
  const zone = { ...graph, view: { groups: [{ id: 'g', title: 'Zone', kind: 'zone', members: ['a'] }, { id: 'h', title: 'Team', kind: 'context', members: ['b'] }] } }
  expect(breakables(zone, {}, faults).map(({ place }) => place)).toEqual([{ group: 'g' }])
  expect(lastingGroups(zone, faults)).toEqual(['Team'])
})
