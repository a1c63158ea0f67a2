import { Text } from '@mantine/core'
import { useEffect, useMemo, useState } from 'react'

import { formatClock, formatQuantity } from '../../format'
import { nodeName } from '../hooks'
import { useRun } from '../runStore'
import type { ChartSpec } from './chartSpecs'
import { csvOf, tableOf } from './table'
import { useChartView } from './view'

const MOST_ROWS = 200
const BETWEEN_READINGS_MS = 1000

/** What the charts show, in numbers; while a run goes on, read once a second. */
export function ChartTable({ specs }: { specs: readonly ChartSpec[] }) {
  const range = useChartView((state) => state.range)
  const [revision, read] = useState(() => useRun.getState().revision)
  useEffect(() => {
    const timer = window.setInterval(() => read(useRun.getState().revision), BETWEEN_READINGS_MS)
    return () => window.clearInterval(timer)
  }, [])
  const { columns, rows } = useMemo(() => {
    const state = useRun.getState()
    return tableOf(specs, (node) => nodeName(state, node), state.log.frames, MOST_ROWS, range)
  }, [specs, range, revision]) // oxlint-disable-line react/exhaustive-deps
  if (specs.length === 0) return <Text size="sm" c="dimmed" mt={8}>There is no chart to show as a table.</Text>
  return (
    <div className="chart-table">
      <table className="report-table">
        <caption className="visually-hidden">What the charts show</caption>
        <thead><tr>{columns.map(({ title }, place) => <th key={place} scope="col" className="num">{title}</th>)}</tr></thead>
        <tbody>
          {rows.toReversed().map((row) => (
            <tr key={row[0]}>{row.map((value, place) => (place === 0 ? <th key={place} scope="row" className="num">{formatClock(value)}</th> : <td key={place} className="num">{formatQuantity(value, columns[place]!.unit)}</td>))}</tr>
          ))}
        </tbody>
      </table>
      <Text size="xs" c="dimmed" mt={6}>The newest first, {rows.length} of the frames kept; the CSV has all of them, with numbers in full.</Text>
    </div>
  )
}

/** Save what the charts show, every frame that is kept. */
export function saveCsv(specs: readonly ChartSpec[]): void {
  const state = useRun.getState()
  const table = tableOf(specs, (node) => nodeName(state, node), state.log.frames, Number.MAX_SAFE_INTEGER, useChartView.getState().range)
  const address = URL.createObjectURL(new Blob([csvOf(table)], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = address
  link.download = `${(state.run?.name || 'run').replaceAll(/[^\p{L}\p{N}]+/gu, '-')}-charts.csv`
  link.click()
  window.setTimeout(() => URL.revokeObjectURL(address), 1000)
}
