/** Where the time of a path's messages went: on average, and of those traced about the median and above the 99th percentile. Pure. */

import type { Report, ReportPath, Trace } from '../api/types'

export type Column = 'mean' | 'p50' | 'p99'

export interface Stretch {
  node: string
  cause: string
  title: string
  scarce: boolean
  seconds: Record<Column, number>
  /** Half the width of the 95 % interval of a mean of traced messages, in seconds; null where there are too few to tell, or all were traced. */
  give: Record<'p50' | 'p99', number | null>
}

/** The messages that a column was made of. */
export interface Sample {
  /** Traces. */
  count: number
  /** Messages of the path that there are to be traced, about. */
  of: number
  /** Whether they were taken evenly over the run, and not for being slow. */
  even: boolean
}

export interface LatencySplit {
  rows: Stretch[]
  /** What the messages took in all; of p50 and p99 the percentile itself. */
  totals: Record<Column, number | null>
  traced: { p50: Sample; p99: Sample }
}

/** A traced message is about the median if its latency is within this share of it. */
const ABOUT = 0.25
/** Latencies are percentiles of a histogram: a message that is as slow as the 99th may read a little less. */
const NEARLY = 0.98
/** So many traces taken evenly are enough to do without those kept for being slow. */
const ENOUGH = 5

/** The split of one path, in the order in which messages pass its nodes. */
export function splitOf(report: Report, path: ReportPath): LatencySplit {
  const { mean, p50, p99 } = path.latency
  const own = distinct(report.traces.filter((trace) => trace.end === path.end && trace.path.join('>') === path.nodes.join('>')))
  const near = p50 === null ? [] : own.filter(({ latency_s }) => Math.abs(latency_s - p50) <= ABOUT * p50)
  const even = near.filter(({ sampled }) => sampled)
  const about = even.length >= ENOUGH ? even : near
  const above = p99 === null ? [] : own.filter(({ latency_s }) => latency_s >= p99 * NEARLY)
  const rows = new Map<string, Stretch>()
  const rowOf = (node: string, cause: string, title: string) => {
    const key = `${node} ${cause}`
    const found = rows.get(key) ?? { node, cause, title, scarce: isScarce(report, node, cause), seconds: { mean: 0, p50: 0, p99: 0 }, give: { p50: null, p99: null } }
    rows.set(key, found)
    return found
  }
  for (const part of path.split) rowOf(part.node, part.cause, part.title).seconds.mean += part.mean_s
  const samples = { p50: { count: about.length, of: path.messages, even: about === even }, p99: { count: above.length, of: Math.max(above.length, Math.round(path.messages / 100)), even: false } }
  for (const [column, traces] of [['p50', about], ['p99', above]] as const) {
    for (const { legs } of traces) for (const leg of legs) rowOf(leg.node, leg.cause, leg.title)
    for (const row of rows.values()) {
      const { average, give } = meanOf(traces, (trace) => spentAt(trace, row))
      row.seconds[column] = average
      row.give[column] = samples[column].count < samples[column].of ? give : null
    }
  }
  const place = (row: Stretch) => path.nodes.indexOf(row.node)
  // Sorting keeps the order of what is equal: causes of one node stand by their share of the mean, as the report has them.
  return { rows: [...rows.values()].sort((one, other) => place(one) - place(other)), totals: { mean, p50, p99 }, traced: samples }
}

/** A message that is among the slowest and in the sample stands twice in a report; it is kept as of the sample. */
function distinct(traces: readonly Trace[]): Trace[] {
  const found = new Map<string, Trace>()
  for (const trace of traces) {
    const key = `${trace.message} ${trace.ended_s} ${trace.latency_s}`
    if (trace.sampled || !found.has(key)) found.set(key, trace)
  }
  return [...found.values()]
}

const spentAt = ({ legs }: Trace, { node, cause }: Stretch) => legs.reduce((sum, leg) => (leg.node === node && leg.cause === cause ? sum + leg.to_s - leg.from_s : sum), 0)

/** 97.5 % points of Student's t by degrees of freedom, from one on; beyond them `1.96 + 2.5 / n` is true to half a per cent. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]

/** A mean over traces, of which each counts for the messages that it stands for, and half of its 95 % interval. */
function meanOf(traces: readonly Trace[], value: (trace: Trace) => number): { average: number; give: number | null } {
  const weight = traces.reduce((sum, { messages }) => sum + messages, 0)
  if (weight === 0) return { average: 0, give: null }
  const average = traces.reduce((sum, trace) => sum + trace.messages * value(trace), 0) / weight
  const count = traces.length
  if (count < 2) return { average, give: null }
  const variance = traces.reduce((sum, trace) => sum + (trace.messages / weight) ** 2 * (value(trace) - average) ** 2, 0) * (count / (count - 1))
  return { average, give: (STUDENT[count - 2] ?? 1.96 + 2.5 / (count - 1)) * Math.sqrt(variance) }
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
