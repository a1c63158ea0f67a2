import { describe, expect, it } from 'vitest'

import { graphOf, services, wire } from '../testing/services'
import { differences, sentenceOn } from './differences'
import { moveNodes, renameNode, setParameters } from './graph'

const graph = graphOf({ s: 'spring', b: 'basin', m: 'mill' }, [wire('1', 's.out', 'b.in'), wire('2', 'b.out', 'm.pulls')])

describe('differences', () => {
  it('finds nothing between a graph and its copy', () => {
    const found = differences(graph, structuredClone(graph), services)
    expect([found.added, found.removed, found.changed, found.wiresAdded, found.wiresRemoved, found.wiresChanged, found.settings]).toEqual([[], [], [], [], [], [], []])
    expect(found.moved).toBe(0)
  })

  it('names what was added, removed, set, led elsewhere and moved', () => {
    const other = { ...graphOf({ s: 'spring', m: 'mill', n: 'log' }, [wire('1', 's.requests', 'm.asked')]), run: { seed: 2, duration_s: 90 } }
    const found = differences(graph, other, services, { properties: { seed: { title: 'Seed' }, duration_s: { title: 'Duration', unit: 's' } } })
    expect(found.added.map((node) => node.id)).toEqual(['n'])
    expect(found.removed.map((node) => node.id)).toEqual(['b'])
    expect(found.wiresRemoved.map(({ id }) => id)).toEqual(['2'])
    expect(found.wiresChanged.map((change) => [change.wire.id, change.led])).toEqual([['1', true]])
    expect(found.settings).toEqual([{ parameter: 'seed', title: 'Seed', before: 'default', after: '2' }, { parameter: 'duration_s', title: 'Duration', before: 'default', after: '1 min 30 s' }])
    expect(found.moved).toBe(1)
  })

  it('tells of the board and the description', () => {
    const chart = (id: string) => ({ id, series: [{ node: 'b', metric: 'rate' }] })
    const board = (...charts: unknown[]) => ({ ...graph, view: { ...graph.view, board: charts } })
    expect(differences(graph, { ...board(chart('a')), description: 'Why' }, services).settings).toEqual([
      { parameter: 'description', title: 'Description', before: 'none', after: 'Why' }, { parameter: 'board', title: 'Board', before: '0 charts', after: '1 chart' }])
    expect(differences(board(chart('a')), board(chart('b')), services).settings[0]!.after).toBe('1 chart, not the same')
  })

  it('tells of boxes, notes and ways bent by hand', () => {
    const group = { id: 'g', title: 'VPC', kind: 'vpc', members: ['s', 'b'] }
    const before = { ...graph, view: { ...graph.view, groups: [group, { ...group, id: 'h', title: 'Old' }], notes: [{ id: 'note:1', text: 'one', look: 'note' }], waypoints: { 2: [[1, 2]] } } }
    const after = { ...graph, view: { ...graph.view, groups: [{ ...group, kind: 'region', members: ['s', 'm', 'b'] }], notes: [{ id: 'note:1', text: 'two\nlines', look: 'note' }, { id: 'note:2', text: 'new', look: 'label' }], waypoints: { 1: [[5, 5]] } } }
    const found = differences(before, after, services)
    expect(found.groups).toEqual([{ id: 'g', name: 'VPC', state: 'changed', what: 'was VPC, is Region, 1 more in it' }, { id: 'h', name: 'Old', state: 'removed', what: '' }])
    expect(found.notes.map(({ name, state, what }) => [name, state, what])).toEqual([['two', 'changed', 'other text'], ['new', 'added', '']])
    expect(found.bends.map(({ id, what }) => [id, what])).toEqual([['1', 'bent by hand'], ['2', 'finds its own way']])
    expect(sentenceOn(before, after, services)).toContain('Changed box VPC')
  })

  it('takes a node of another kind under the same id for another node', () => {
    const found = differences(graphOf({ a: 'basin' }), graphOf({ a: 'mill' }), services)
    expect([found.added[0]!.kind, found.removed[0]!.kind]).toEqual(['mill', 'basin'])
  })

  it('calls parameters by their titles', () => {
    expect(differences(graph, setParameters(graph, new Set(['2']), 'batch_size', 3), services).wiresChanged[0]!.values).toEqual([{ parameter: 'batch_size', title: 'Batch size', before: 'default', after: '3' }])
  })
})

describe('sentenceOn', () => {
  it('says what changed', () => {
    expect(sentenceOn(graph, renameNode(graph, 'b', 'orders'), services)).toBe('Renamed b to orders')
    expect(sentenceOn(graph, setParameters(graph, new Set(['2']), 'batch_size', 3), services)).toBe('Set batch size of the wire from b to m to 3')
    expect(sentenceOn(graph, { ...graph, run: { duration_s: 90 } }, services, { properties: { duration_s: { title: 'Duration', unit: 's' } } })).toBe('Set duration to 1 min 30 s')
    expect(sentenceOn(graph, moveNodes(graph, { b: [5, 5] }), services)).toBe('Moved a node')
    expect(sentenceOn(graph, graphOf({ s: 'spring', b: 'basin' }, [wire('1', 's.out', 'b.in')]), services)).toBe('Removed m. Removed wire from b to m')
  })
})
