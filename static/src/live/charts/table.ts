/** What the charts show as a table, and as CSV. Pure. */

import { columnsOf, type ChartSpec, type Range } from './chartSpecs'
import type { Frame } from '../shapes'

export interface Column { title: string; unit: string }
export interface Table { columns: Column[]; rows: (number | null)[][] }

/** All lines of these charts side by side, with time first: a row for each frame, at most `most` of them, within the range. */
export function tableOf(specs: readonly ChartSpec[], nameOf: (node: string) => string, frames: readonly Frame[], most: number, range: Range): Table {
  const lines = specs.flatMap((spec) => spec.lines.map((line) => ({ line, column: { title: `${spec.node === null ? '' : `${nameOf(spec.node)}: `}${titleOf(spec, line.label)}`, unit: spec.unit } })))
  const columns = columnsOf({ lines: lines.map(({ line }) => line) }, frames, most, range)
  const times = columns[0] ?? []
  const rows = times.map((_, row) => columns.map((column) => column[row] ?? null))
  const inside = (time_s: number | null) => range === null || (time_s !== null && time_s >= range[0] && time_s <= range[1])
  return { columns: [{ title: 'Time', unit: 's' }, ...lines.map(({ column }) => column)], rows: rows.filter(([time_s]) => inside(time_s ?? null)) }
}

/** A percentile or a limit means nothing without what it is of. */
const titleOf = (spec: ChartSpec, label: string) => (/^(p\d\d|Limit)/.test(label) ? `${spec.title}, ${label}` : spec.node === null && spec.series.length > 1 && !label.includes(':') ? `${label}: ${spec.title}` : label)

/** A table as CSV (RFC 4180), numbers in full; what a spreadsheet would take for a formula is marked as text. */
export function csvOf({ columns, rows }: Table): string {
  const cell = (text: string) => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  const head = columns.map(({ title, unit }) => cell(unit ? `${title} (${unit})` : title)).join(',')
  return `${[head, ...rows.map((row) => row.map((value) => (value === null ? '' : String(value))).join(','))].join('\r\n')}\r\n`
}
