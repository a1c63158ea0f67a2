/** How the charts are looked at: which nodes, which stretch of time, as lines or as a table, and the board that a viewer has put together. */

import { create } from 'zustand'

import { useRun } from '../runStore'
import type { Range, Series } from './chartSpecs'

/** A chart on the board. */
export interface Pinned { id: string; series: Series[] }

interface ChartView {
  range: Range
  zoom(range: Range): void
  /** Nodes whose charts stay when nothing is selected any more. */
  kept: readonly string[]
  keep(nodes: readonly string[]): void
  table: boolean
  showTable(table: boolean): void
  /** Whether the board is shown instead of the nodes' charts. */
  onBoard: boolean
  showBoard(onBoard: boolean): void
  board: readonly Pinned[]
  /** Put metrics on the board: into a chart there, or into a new one. */
  pin(series: readonly Series[], into?: string | null): void
  remove(id: string): void
  /** Move a chart by so many places. */
  move(id: string, by: number): void
}

const keyOf = () => {
  const { run } = useRun.getState()
  return run ? `backwater.board.${run.diagram ?? run.id}` : null
}

function readBoard(): Pinned[] {
  const key = keyOf()
  try {
    const kept: unknown = JSON.parse((key && localStorage.getItem(key)) ?? '[]')
    return Array.isArray(kept) ? kept.filter(isPinned) : []
  } catch {
    return []
  }
}

const isPinned = (one: unknown): one is Pinned =>
  typeof one === 'object' && one !== null && typeof (one as Pinned).id === 'string' && Array.isArray((one as Pinned).series)
  && (one as Pinned).series.every((series) => typeof series?.node === 'string' && typeof series?.metric === 'string')

/** A board with metrics added; those that are in the chart already are not added again. */
export function pinnedTo(board: readonly Pinned[], series: readonly Series[], into: string | null, id: string): Pinned[] {
  const same = (one: Series, other: Series) => one.node === other.node && one.metric === other.metric
  if (into === null) return [...board, { id, series: [...series] }]
  return board.map((chart) => (chart.id === into ? { ...chart, series: [...chart.series, ...series.filter((one) => !chart.series.some((other) => same(one, other)))] } : chart))
}

/** A board with one chart moved by so many places, no further than its ends. */
export function movedOn(board: readonly Pinned[], id: string, by: number): Pinned[] {
  const from = board.findIndex((chart) => chart.id === id)
  if (from < 0) return [...board]
  const left = board.filter((chart) => chart.id !== id)
  const to = Math.max(0, Math.min(left.length, from + by))
  return [...left.slice(0, to), board[from]!, ...left.slice(to)]
}

export const useChartView = create<ChartView>((set, get) => {
  const change = (board: Pinned[]) => {
    const key = keyOf()
    if (key) localStorage.setItem(key, JSON.stringify(board))
    set({ board })
  }
  return {
    range: null,
    zoom: (range) => set({ range }),
    kept: [],
    keep: (kept) => set({ kept }),
    table: false,
    showTable: (table) => set({ table }),
    onBoard: false,
    showBoard: (onBoard) => set({ onBoard }),
    board: [],
    pin: (series, into = null) => change(pinnedTo(get().board, series, into, crypto.randomUUID?.() ?? String(Date.now()))),
    remove: (id) => change(get().board.filter((chart) => chart.id !== id)),
    move: (id, by) => change(movedOn(get().board, id, by)),
  }
})

// Another run begins with the whole of it, and with the board of its diagram.
let watched: string | null = null
useRun.subscribe(({ run }) => {
  if ((run?.id ?? null) === watched) return
  watched = run?.id ?? null
  const nodes = new Set(run?.graph?.nodes.map(({ id }) => id))
  useChartView.setState((view) => ({ range: null, board: readBoard(), kept: view.kept.filter((id) => nodes.has(id)) }))
})
