import { describe, expect, it } from 'vitest'

import type { Graph } from '../../api/types'
import { history, useEditor } from '../../editor/store'
import { service } from '../../testing/services'
import type { Frame, NodeFrame, Service } from '../shapes'
import { adoptBoard, boardOf, movedOn, pinnedTo, withBoard } from './board'
import { chartsOf, chosenChart, columnsOf, comparison, isMeasured, within, type Placed } from './chartSpecs'
import { csvOf, tableOf } from './table'

const metric = (name: string, type: 'sum' | 'gauge' | 'spread', chart: string, more: Partial<Service['metrics'][number]> = {}) => ({ name, title: name.toUpperCase(), unit: type === 'spread' ? 's' : 'messages', type, help: '', source: null, primary: true, chart, limit: null, ...more })
const basin: Service = {
  ...service('basin', []),
  metrics: [metric('in', 'sum', 'rates'), metric('out', 'sum', 'rates'), metric('level', 'gauge', 'backlog', { limit: 'brim' }), metric('wait', 'spread', 'latency')],
}
const mill: Service = { ...service('mill', []), metrics: [metric('in', 'sum', 'rates'), metric('busy', 'gauge', 'concurrency')] }
const placed: Record<string, Placed> = { a: { id: 'a', name: 'Upper', service: basin }, b: { id: 'b', name: 'Lower', service: basin }, m: { id: 'm', name: 'Mill', service: mill } }

const frame = (time_s: number): Frame => ({
  version: 1, seq: time_s, time_s, wires: {}, totals: { created: 0, finished: 0, lost: 0, unfinished: 0 }, load: 1, log: [],
  nodes: Object.fromEntries(['a', 'b', 'm'].map((id): [string, NodeFrame] => [id, {
    state: 'flowing', sentence: null, culprit: null, waits: {}, losses: {}, limits: { brim: { title: 'Brim', used: 0, limit: 50 } },
    metrics: { in: 10 * time_s, out: 5 * time_s, level: time_s, wait: { count: 1, mean: 1, p50: 1, p90: 2, p99: 3, max: 4 }, busy: 1 },
  }])),
})
const frames = [0, 1, 2, 3, 4, 5].map(frame)

describe('charts of a node', () => {
  const charts = chartsOf(basin, 'a')

  it('are one for each group and unit, most telling first', () => {
    expect(charts.map(({ title, unit }) => [title, unit])).toEqual([['in and out', 'per_s'], ['backlog', 'messages'], ['latency', 's']])
  })

  it('have the limit that a metric is held against, and bands of percentiles in one ink', () => {
    expect(charts[1]!.lines.map(({ label, role }) => [label, role])).toEqual([['LEVEL', 'line'], ['Limit', 'limit']])
    expect(columnsOf(charts[1]!, frames, 10)[2]).toEqual([50, 50, 50, 50, 50, 50])
    expect(charts[2]!.lines.map(({ label, role, ink }) => [label, role, ink])).toEqual([['p50', 'line', 0], ['p90', 'upper', 0], ['p99', 'upper', 0]])
  })

  it('are told apart where a group is in two units', () => {
    const lake: Service = { ...service('lake', []), metrics: [metric('level', 'gauge', 'backlog'), metric('weight', 'gauge', 'backlog', { unit: 'bytes' })] }
    expect(chartsOf(lake, 'a').map(({ title }) => title)).toEqual(['backlog: level', 'backlog: weight'])
  })

  it('of a level that is in no frame are of nothing', () => {
    const lagging: Service = { ...service('lagging', []), metrics: [metric('lag', 'gauge', 'age'), metric('level', 'gauge', 'backlog'), metric('in', 'sum', 'rates')] }
    expect(chartsOf(lagging, 'a').filter((spec) => isMeasured(spec, lagging, frames[1]!)).map(({ title }) => title)).toEqual(['in and out', 'backlog'])
  })

  it('draw rates from counters', () => {
    expect(columnsOf(charts[0]!, frames, 10)[1]).toEqual([null, 10, 10, 10, 10, 10])
  })
})

describe('charts of several nodes', () => {
  it('compare each metric that two of them have, in a line for each', () => {
    const charts = comparison([placed['a']!, placed['b']!])
    expect(charts.map(({ title }) => title)).toEqual(['IN', 'OUT', 'LEVEL', 'WAIT'])
    expect(charts[0]!.lines.map(({ label }) => label)).toEqual(['Upper', 'Lower'])
    expect(charts[3]!.lines.map(({ label }) => label)).toEqual(['Upper p99', 'Lower p99'])
  })

  it('leave out what only one of them has', () => {
    expect(comparison([placed['a']!, placed['m']!]).map(({ title }) => title)).toEqual(['IN'])
  })

  it('of a board have the metrics chosen, and say whose each is', () => {
    const at = (id: string) => placed[id]
    expect(chosenChart('k', [{ node: 'a', metric: 'level' }], at)).toMatchObject({ node: 'a', title: 'level', unit: 'messages' })
    expect(chosenChart('k', [{ node: 'a', metric: 'in' }, { node: 'a', metric: 'out' }], at)).toMatchObject({ node: 'a', title: 'in and out' })
    expect(chosenChart('k', [{ node: 'a', metric: 'in' }, { node: 'm', metric: 'in' }], at)!.lines.map(({ label }) => label)).toEqual(['Upper', 'Mill'])
    expect(chosenChart('k', [{ node: 'a', metric: 'level' }, { node: 'm', metric: 'busy' }], at)!.lines.map(({ label }) => label)).toEqual(['Upper: LEVEL', 'Mill: BUSY'])
    expect(chosenChart('k', [{ node: 'gone', metric: 'in' }], at)).toBeNull()
  })
})

describe('a stretch of time', () => {
  it('is drawn with one frame more on either side', () => {
    expect(within(frames, null)).toEqual([0, 6])
    expect(within(frames, [1.5, 3])).toEqual([1, 5])
    expect(within(frames, [9, 10])).toEqual([5, 6])
  })
})

describe('the table of what is shown', () => {
  const table = tableOf(chartsOf(basin, 'a').slice(0, 2), () => 'Upper', frames, 100, [2, 3])

  it('has a row for each frame of the stretch, and says what each column is', () => {
    expect(table.columns.map(({ title, unit }) => `${title} ${unit}`)).toEqual(['Time s', 'Upper: IN per_s', 'Upper: OUT per_s', 'Upper: LEVEL messages', 'Upper: backlog, Limit messages'])
    expect(table.rows).toEqual([[2, 10, 5, 2, 50], [3, 10, 5, 3, 50]])
  })

  it('is CSV that a spreadsheet reads, and no formula', () => {
    expect(csvOf({ columns: [{ title: 'Time', unit: 's' }, { title: '=1+1, "x"', unit: '' }], rows: [[0.5, null]] })).toBe('Time (s),"\'=1+1, ""x"""\r\n0.5,\r\n')
  })
})

describe('the board', () => {
  const board = ['x', 'y', 'z'].map((id) => ({ id, series: [{ node: 'a', metric: id }] }))

  it('takes a metric into a new chart, or once into one that is there', () => {
    expect(pinnedTo(board, [{ node: 'b', metric: 'q' }], null, 'new').map(({ id }) => id)).toEqual(['x', 'y', 'z', 'new'])
    const twice = pinnedTo(pinnedTo(board, [{ node: 'b', metric: 'q' }], 'y', ''), [{ node: 'b', metric: 'q' }], 'y', '')
    expect(twice[1]!.series).toEqual([{ node: 'a', metric: 'y' }, { node: 'b', metric: 'q' }])
  })

  it('is put into another order, no further than its ends', () => {
    expect(movedOn(board, 'z', -1).map(({ id }) => id)).toEqual(['x', 'z', 'y'])
    expect(movedOn(board, 'x', -1).map(({ id }) => id)).toEqual(['x', 'y', 'z'])
    expect(movedOn(board, 'x', 9).map(({ id }) => id)).toEqual(['y', 'z', 'x'])
  })
  it('stands in the diagram, and what is no chart is not shown', () => {
    const graph = { version: 1, name: '', nodes: [], wires: [], view: { positions: {}, board: [...board, { id: 1 }, 'x', { id: 'q', series: [{ node: 'a' }] }] } } as unknown as Graph
    expect(boardOf(graph)).toEqual(board)
    expect(withBoard(graph, []).view).toEqual({ positions: {} })
    expect(boardOf(withBoard(graph, board.slice(1)))).toEqual(board.slice(1))
  })

  it('that a browser kept becomes the diagram’s as one step of undo, unless the diagram has one or cannot be changed', () => {
    const graph: Graph = { version: 1, name: '', nodes: [], wires: [], view: { positions: {} } }
    const key = 'backwater.board.d1'
    const keep = (text: string) => localStorage.setItem(key, text)
    useEditor.setState({ diagramId: 'd1', graph, readOnly: true })
    keep(JSON.stringify(board))
    adoptBoard()
    expect(boardOf(useEditor.getState().graph)).toEqual([])
    useEditor.setState({ readOnly: false, save: 'saved' })
    adoptBoard()
    expect(boardOf(useEditor.getState().graph)).toEqual(board)
    expect(useEditor.getState().save).toBe('unsaved')
    expect(localStorage.getItem(key)).toBeNull()
    history.getState().undo()
    expect(boardOf(useEditor.getState().graph)).toEqual([])
    useEditor.setState({ graph: withBoard(graph, board.slice(2)) })
    keep(JSON.stringify(board))
    adoptBoard()
    expect(boardOf(useEditor.getState().graph)).toEqual(board.slice(2))
    keep('no JSON')
    adoptBoard()
    expect(localStorage.getItem(key)).toBeNull()
  })
})
