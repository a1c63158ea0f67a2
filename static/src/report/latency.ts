/** Where the time of a path's messages went: on average, and of those traced about the median and above the 99th percentile. Pure. */

import type { Report, ReportPath, Trace } from '../api/types'

export type Column = 'mean' | 'p50' | 'p99'

export interface Stretch { node: string; cause: string; title: string; scarce: boolean; seconds: Record<Column, number> }

export interface LatencySplit {
  rows: Stretch[]
  /** What the messages took in all; of p50 and p99 the percentile itself. */
  totals: Record<Column, number | null>
  /** How many traced messages the columns p50 and p99 were made of. */
  traced: { p50: number; p99: number }
}

/** A traced message is about the median if its latency is within this share of it. */
const ABOUT = 0.25
/** Latencies are percentiles of a histogram: a message that is as slow as the 99th may read a little less. */
const NEARLY = 0.98

/** The split of one path, in the order in which messages pass its nodes. */
export function splitOf(report: Report, path: ReportPath): LatencySplit {
  const { mean, p50, p99 } = path.latency
  const own = report.traces.filter((trace) => trace.end === path.end && trace.path.join('>') === path.nodes.join('>'))
  const about = p50 === null ? [] : own.filter(({ latency_s }) => Math.abs(latency_s - p50) <= ABOUT * p50)
  const above = p99 === null ? [] : own.filter(({ latency_s }) => latency_s >= p99 * NEARLY)
  const rows = new Map<string, Stretch>()
  const rowOf = (node: string, cause: string, title: string) => {
    const key = `${node} ${cause}`
    const found = rows.get(key) ?? { node, cause, title, scarce: isScarce(report, node, cause), seconds: { mean: 0, p50: 0, p99: 0 } }
    rows.set(key, found)
    return found
  }
  for (const part of path.split) rowOf(part.node, part.cause, part.title).seconds.mean += part.mean_s
  const add = (column: 'p50' | 'p99', traces: readonly Trace[]) => {
    for (const { legs } of traces) for (const leg of legs) rowOf(leg.node, leg.cause, leg.title).seconds[column] += (leg.to_s - leg.from_s) / traces.length
  }
  add('p50', about)
  add('p99', above)
  const place = (row: Stretch) => path.nodes.indexOf(row.node)
  // Sorting keeps the order of what is equal: causes of one node stand by their share of the mean, as the report has them.
  return { rows: [...rows.values()].sort((one, other) => place(one) - place(other)), totals: { mean, p50, p99 }, traced: { p50: about.length, p99: above.length } }
}

/** Whether a cause at a node is waiting for something that ran out. */
export function isScarce(report: Report, node: string, cause: string): boolean {
  return report.nodes[node]?.waits.some((wait) => wait.cause === cause && wait.scarce) ?? false
}

/** Where each bar of a column begins and how long it is, as shares of the whole. */
export function barsOf({ rows }: LatencySplit, column: Column): { from: number; share: number }[] {
  const whole = rows.reduce((sum, row) => sum + row.seconds[column], 0)
  let at = 0
  return rows.map((row) => {
    const share = whole > 0 ? row.seconds[column] / whole : 0
    const bar = { from: at, share }
    at += share
    return bar
  })
}
