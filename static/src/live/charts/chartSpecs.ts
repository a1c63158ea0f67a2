/** Which charts a node has, and their columns of numbers: from the description's metrics and the frames. Pure. */

import { formatQuantity } from '../../format'
import { metricNumber, rateBase, shownUnit } from '../selectors'
import { isSpread, type Frame, type Metric, type Service } from '../shapes'

export interface Line {
  label: string
  /** `limit` is drawn as a dashed line across; `upper` fills down to the line before it. */
  role: 'line' | 'upper' | 'limit'
  column(frame: Frame, before: Frame | null): number | null
}

export interface ChartSpec {
  key: string
  node: string
  title: string
  unit: string
  lines: Line[]
}

const TITLES: Readonly<Record<string, string>> = {
  rates: 'in and out', backlog: 'backlog', age: 'age of oldest', latency: 'latency', duration: 'duration', concurrency: 'concurrency', trouble: 'trouble',
}
const ORDER = ['rates', 'backlog', 'concurrency', 'latency', 'duration', 'age', 'trouble']

/** A node's charts, most telling first: one for each group and unit of the metrics its service describes. */
export function chartsOf(service: Service, node: string): ChartSpec[] {
  const groups = new Map<string, Metric[]>()
  for (const metric of service.metrics) {
    if (metric.chart === '') continue
    const key = `${metric.chart}|${shownUnit(metric)}`
    groups.set(key, [...(groups.get(key) ?? []), metric])
  }
  return [...groups]
    .map(([key, metrics]) => chartOf(service, node, key, metrics))
    .sort((one, other) => rank(one) - rank(other))
}

const groupOf = (key: string) => key.split('|')[0] ?? ''
const rank = (spec: ChartSpec) => {
  const at = ORDER.indexOf(groupOf(spec.key.split(' ')[1] ?? ''))
  return at < 0 ? ORDER.length : at
}

function chartOf(service: Service, node: string, key: string, metrics: readonly Metric[]): ChartSpec {
  const group = groupOf(key)
  const first = metrics[0] as Metric
  return {
    key: `${node} ${key}`,
    node,
    title: TITLES[group] ?? group.replaceAll('_', ' '),
    unit: shownUnit(first),
    lines: [...metrics.flatMap((metric) => linesOf(metric, node, metrics.length > 1)), ...limitLines(service, node, metrics)],
  }
}

function linesOf(metric: Metric, node: string, several: boolean): Line[] {
  if (metric.type !== 'spread') return [{ label: metric.title, role: 'line', column: (frame, before) => metricNumber(metric, node, frame, before) }]
  const at = (percentile: 'p50' | 'p99') => (frame: Frame) => {
    const value = frame.nodes[node]?.metrics[metric.name]
    return isSpread(value) && value.count > 0 ? value[percentile] : null
  }
  const name = several ? `${metric.title} ` : ''
  return [{ label: `${name}p50`, role: 'line', column: at('p50') }, { label: `${name}p99`, role: 'upper', column: at('p99') }]
}

function limitLines(service: Service, node: string, metrics: readonly Metric[]): Line[] {
  const { metric, limit } = service.overlay.bar
  if (limit === null || !metrics.some((one) => one.name === metric)) return []
  return [{ label: 'Limit', role: 'limit', column: (frame) => frame.nodes[node]?.limits[limit]?.limit ?? null }]
}

/** The chart that tells most of a node in one picture: the one with the metric on its card's bar. */
export function mainChart(service: Service, node: string): ChartSpec | undefined {
  const metric = service.metrics.find((one) => one.name === service.overlay.bar.metric)
  const charts = chartsOf(service, node)
  return charts.find((spec) => metric && spec.key === `${node} ${metric.chart}|${shownUnit(metric)}`) ?? charts[0]
}

/** The frames to draw: at most `most` of them, evenly taken, and always the last. */
export function drawnIndexes(count: number, most: number): number[] {
  const stride = Math.max(1, Math.ceil(count / most))
  const indexes: number[] = []
  for (let index = (count - 1) % stride; index < count; index += stride) indexes.push(index)
  return indexes
}

/** The columns uPlot draws: time first, then one for each line. */
export function columnsOf(spec: ChartSpec, frames: readonly Frame[], most: number): (number | null)[][] {
  const indexes = drawnIndexes(frames.length, most)
  const times = indexes.map((index) => (frames[index] as Frame).time_s)
  return [times, ...spec.lines.map((line) => indexes.map((index) => line.column(frames[index] as Frame, rateBase(frames, index))))]
}

/** The numbers of a chart at one moment, as text beside its title. */
export function valuesText(spec: ChartSpec, now: Frame | null, before: Frame | null): { label: string; text: string }[] {
  if (!now) return []
  return spec.lines.filter((line) => line.role !== 'limit').map((line) => ({ label: line.label, text: formatQuantity(line.column(now, before), spec.unit) }))
}
