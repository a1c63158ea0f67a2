/** Which charts there are, and their columns of numbers: from the descriptions' metrics and the frames. Pure. */

import { formatQuantity } from '../../format'
import { metricNumber, rateBase, shownUnit } from '../selectors'
import { isSpread, type Frame, type Metric, type Service } from '../shapes'

/** A metric of a node. */
export interface Series { node: string; metric: string }

export interface Line {
  label: string
  /** `limit` is drawn as a dotted line across; `upper` fills down to the line before it. */
  role: 'line' | 'upper' | 'limit'
  /** Which of the colours and dashes it has; percentiles of one metric share theirs. */
  ink: number
  column(frame: Frame, before: Frame | null): number | null
}

export interface ChartSpec {
  key: string
  /** The node whose chart it is; null where several are compared. */
  node: string | null
  title: string
  unit: string
  lines: Line[]
  series: Series[]
}

/** A node of the run with what its kind is. */
export interface Placed { id: string; name: string; service: Service }

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
  const charts = [...groups].map(([key, metrics]) => chartOf(node, key, metrics)).sort((one, other) => rank(one) - rank(other))
  // A group in two units is two charts, which their metrics tell apart.
  const alike = (title: string) => charts.filter((chart) => chart.title === title).length > 1
  return charts.map((chart) => (alike(chart.title) ? { ...chart, title: `${chart.title}: ${service.metrics.filter(({ name }) => chart.series.some(({ metric }) => metric === name)).map(({ title }) => title.toLowerCase()).join(', ')}` } : chart))
}

/** Whether a chart is of anything that is measured in this run: a level that the node does not have, as its lag behind a stream it does not read, is in no frame. */
export function isMeasured({ node, series }: ChartSpec, service: Service, frame: Frame): boolean {
  return series.some(({ metric }) => service.metrics.find(({ name }) => name === metric)?.type !== 'gauge' || typeof frame.nodes[node ?? '']?.metrics[metric] === 'number')
}

const groupOf = (key: string) => key.split('|')[0] ?? ''
const rank = (spec: ChartSpec) => {
  const at = ORDER.indexOf(groupOf(spec.key.split(' ')[1] ?? ''))
  return at < 0 ? ORDER.length : at
}

function chartOf(node: string, key: string, metrics: readonly Metric[]): ChartSpec {
  const group = groupOf(key)
  return {
    key: `${node} ${key}`,
    node,
    title: group === '' ? metrics.map(({ title }) => title).join(', ') : TITLES[group] ?? group.replaceAll('_', ' '),
    unit: shownUnit(metrics[0] as Metric),
    lines: numbered([...metrics.map((metric) => bandOf(metric, node, metrics.length > 1 ? `${metric.title} ` : '')), ...limitsOf(metrics, node)]),
    series: metrics.map((metric) => ({ node, metric: metric.name })),
  }
}

type Uninked = Omit<Line, 'ink'>

/** The lines of several metrics in one chart: those of one metric have one ink. */
const numbered = (bands: readonly Uninked[][]): Line[] => bands.flatMap((band, ink) => band.map((line) => ({ ...line, ink })))

/** A metric as lines: one, or the band from the median over the 90th to the 99th percentile. */
function bandOf(metric: Metric, node: string, name: string): Uninked[] {
  if (metric.type !== 'spread') return [lineOf(metric, node, metric.title)]
  const at = (percentile: 'p50' | 'p90' | 'p99') => (frame: Frame) => {
    const value = frame.nodes[node]?.metrics[metric.name]
    return isSpread(value) && value.count > 0 ? value[percentile] : null
  }
  return [
    { label: `${name}p50`, role: 'line', column: at('p50') }, { label: `${name}p90`, role: 'upper', column: at('p90') }, { label: `${name}p99`, role: 'upper', column: at('p99') },
  ]
}

const lineOf = (metric: Metric, node: string, label: string): Uninked => ({ label, role: 'line', column: (frame, before) => metricNumber(metric, node, frame, before) })

/** The limits that the metrics are held against, each once. */
function limitsOf(metrics: readonly Metric[], node: string): Uninked[][] {
  const names = [...new Set(metrics.flatMap(({ limit }) => limit ?? []))]
  return names.map((limit) => [{ label: names.length > 1 ? `Limit: ${limit.replaceAll('_', ' ')}` : 'Limit', role: 'limit' as const, column: (frame: Frame) => frame.nodes[node]?.limits[limit]?.limit ?? null }])
}

/** The chart that tells most of a node in one picture: the one with the metric on its card's bar. */
export function mainChart(service: Service, node: string): ChartSpec | undefined {
  const metric = service.metrics.find((one) => one.name === service.overlay.bar.metric)
  const charts = chartsOf(service, node)
  return charts.find((spec) => metric && spec.key === `${node} ${metric.chart}|${shownUnit(metric)}`) ?? charts[0]
}

/** Charts in which nodes stand beside each other: one for each metric that two of them have, then one for each unit of what else tells most. */
export function comparison(nodes: readonly Placed[]): ChartSpec[] {
  const telling = nodes.flatMap((placed) => placed.service.metrics.filter(({ primary }) => primary).map((metric) => ({ placed, metric })))
  const groups = new Map<string, typeof telling>()
  const having = (name: string) => telling.filter(({ metric }) => metric.name === name).length
  for (const one of telling) {
    const key = having(one.metric.name) > 1 ? `${one.metric.title}|${one.metric.name}` : `${one.metric.chart}|${shownUnit(one.metric)}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups].filter(([, all]) => all.length > 1 && new Set(all.map(({ placed }) => placed.id)).size > 1).map(([key, all]) => {
    const shared = all.every(({ metric }) => metric.name === all[0]!.metric.name)
    const title = groupOf(key)
    return together(`compared ${key}`, shared ? title : TITLES[title] ?? title.replaceAll('_', ' '), all, shared)
  })
}

/** A chart of chosen metrics of any nodes, in one unit. Null where none of them is known. */
export function chosenChart(key: string, series: readonly Series[], placed: (node: string) => Placed | undefined): ChartSpec | null {
  const known = series.flatMap(({ node, metric: name }) => {
    const found = placed(node)
    const metric = found?.service.metrics.find((one) => one.name === name)
    return found && metric ? [{ placed: found, metric }] : []
  })
  const first = known[0]
  if (!first) return null
  const metrics = known.map(({ metric }) => metric)
  if (known.every(({ placed: { id } }) => id === first.placed.id)) return { ...chartOf(first.placed.id, metrics.every(({ chart }) => chart === first.metric.chart) ? first.metric.chart : '', metrics), key, ...(known.length === 1 ? { title: first.metric.title.toLowerCase() } : {}) }
  const shared = metrics.every(({ name }) => name === first.metric.name)
  return together(key, shared ? first.metric.title : [...new Set(metrics.map(({ title }) => title))].join(', '), known, shared)
}

/** One line for each metric of each node; of a spread its 99th percentile. */
function together(key: string, title: string, all: readonly { placed: Placed; metric: Metric }[], shared: boolean): ChartSpec {
  const name = ({ placed, metric }: { placed: Placed; metric: Metric }) => `${placed.name}${shared ? '' : `: ${metric.title}`}${metric.type === 'spread' ? ' p99' : ''}`
  return {
    key, node: null, title, unit: shownUnit(all[0]!.metric),
    lines: numbered(all.map((one) => [lineOf(one.metric, one.placed.id, name(one))])),
    series: all.map(({ placed, metric }) => ({ node: placed.id, metric: metric.name })),
  }
}

/** From first to last second: what is looked at closely. Null: the whole run. */
export type Range = readonly [from_s: number, to_s: number] | null

/** Indexes of the first frame and after the last one to draw: those within the range, and one more on either side. */
export function within(frames: readonly Frame[], range: Range): [first: number, end: number] {
  if (!range) return [0, frames.length]
  let first = frames.findIndex(({ time_s }) => time_s >= range[0])
  if (first < 0) first = frames.length
  let end = frames.findIndex(({ time_s }) => time_s > range[1])
  if (end < 0) end = frames.length
  return [Math.max(0, first - 1), Math.min(frames.length, end + 1)]
}

/** The frames to draw: at most `most` of them, evenly taken, and always the last. */
export function drawnIndexes(count: number, most: number): number[] {
  const stride = Math.max(1, Math.ceil(count / most))
  const indexes: number[] = []
  for (let index = (count - 1) % stride; index < count; index += stride) indexes.push(index)
  return indexes
}

/** The columns uPlot draws: time first, then one for each line. */
export function columnsOf(spec: Pick<ChartSpec, 'lines'>, frames: readonly Frame[], most: number, range: Range = null): (number | null)[][] {
  const [first, end] = within(frames, range)
  const indexes = drawnIndexes(end - first, most).map((index) => first + index)
  const times = indexes.map((index) => (frames[index] as Frame).time_s)
  return [times, ...spec.lines.map((line) => indexes.map((index) => line.column(frames[index] as Frame, rateBase(frames, index))))]
}

/** The numbers of a chart at one moment, as text beside its title. */
export function valuesText(spec: ChartSpec, now: Frame | null, before: Frame | null): { label: string; text: string; line: Line }[] {
  if (!now) return []
  return spec.lines.filter((line) => line.role !== 'limit').map((line) => ({ label: line.label, text: formatQuantity(line.column(now, before), spec.unit), line }))
}
