/** How the charts are looked at: which nodes, which stretch of time, as lines or as a table, of nodes or of the board. */

import { create } from 'zustand'

import { useRun } from '../runStore'
import type { Range } from './chartSpecs'

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
}

export const useChartView = create<ChartView>((set) => ({
  range: null,
  zoom: (range) => set({ range }),
  kept: [],
  keep: (kept) => set({ kept }),
  table: false,
  showTable: (table) => set({ table }),
  onBoard: false,
  showBoard: (onBoard) => set({ onBoard }),
}))

// Another run begins with the whole of it.
let watched: string | null = null
useRun.subscribe(({ run }) => {
  if ((run?.id ?? null) === watched) return
  watched = run?.id ?? null
  const nodes = new Set(run?.graph?.nodes.map(({ id }) => id))
  useChartView.setState((view) => ({ range: null, kept: view.kept.filter((id) => nodes.has(id)) }))
})
