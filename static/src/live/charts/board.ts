/** The board of metrics of a diagram: charts that its editors have put together, saved and undone with it, and seen by whoever sees its runs. */

import { useMemo } from 'react'

import type { Graph } from '../../api/types'
import { useEditor } from '../../editor/store'
import type { Series } from './chartSpecs'

/** A chart on the board. */
export interface Pinned { id: string; series: Series[] }

const isPinned = (one: unknown): one is Pinned =>
  typeof one === 'object' && one !== null && typeof (one as Pinned).id === 'string' && Array.isArray((one as Pinned).series)
  && (one as Pinned).series.every((series) => typeof series?.node === 'string' && typeof series?.metric === 'string')

const readable = (kept: unknown): Pinned[] => (Array.isArray(kept) ? kept.filter(isPinned) : [])

/** The charts on a graph's board. */
export const boardOf = (graph: Graph): Pinned[] => readable(graph.view?.['board'])

/** The graph with this board; one without charts has none. */
export function withBoard(graph: Graph, board: readonly Pinned[]): Graph {
  const { board: _, ...view } = graph.view ?? {}
  return { ...graph, view: board.length > 0 ? { ...view, board } : view }
}

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

export function useBoard(): readonly Pinned[] {
  const kept = useEditor((state) => state.graph.view?.['board'])
  return useMemo(() => readable(kept), [kept])
}

const change = (next: (board: readonly Pinned[]) => Pinned[]) => {
  const { graph, change: set } = useEditor.getState()
  set(withBoard(graph, next(boardOf(graph))))
}

/** Put metrics on the board: into a chart there, or into a new one. */
export const pin = (series: readonly Series[], into: string | null = null) => change((board) => pinnedTo(board, series, into, unusedId(board)))
export const remove = (id: string) => change((board) => board.filter((chart) => chart.id !== id))
/** Move a chart by so many places. */
export const move = (id: string, by: number) => change((board) => movedOn(board, id, by))

function unusedId(board: readonly Pinned[]): string {
  const taken = new Set(board.map(({ id }) => id))
  for (let number = 1; ; number += 1) if (!taken.has(`chart-${number}`)) return `chart-${number}`
}

/** Boards used to be kept in the browser alone: one found there becomes the diagram's, unless it has one, and is kept there no longer. */
export function adoptBoard(): void {
  const { diagramId, readOnly, graph } = useEditor.getState()
  if (!diagramId || readOnly) return
  const key = `backwater.board.${diagramId}`
  const kept = localStorage.getItem(key)
  if (kept === null) return
  let board: Pinned[] = []
  try {
    board = readable(JSON.parse(kept))
  } catch {
    // What cannot be read is no board.
  }
  if (board.length > 0 && boardOf(graph).length === 0) change(() => board)
  localStorage.removeItem(key)
}
