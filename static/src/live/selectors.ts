/** What the canvas, inspector and charts show, derived from frames. Pure functions. */

import { formatBrief, formatQuantity, NO_VALUE, rateUnit } from '../format'
import { isSpread, type FlowState, type Frame, type Metric, type NodeFrame, type Service, type Spread } from './shapes'

/** Rates are taken over this many frames, so that single arrivals do not make a number flicker. */
export const RATE_WINDOW_FRAMES = 5

/** Each state's word and the shape that goes with its colour. */
export const STATES: Readonly<Record<FlowState, { word: string; shape: 'ring' | 'dot' | 'square' | 'triangle' | 'cross'; rank: number }>> = {
  idle: { word: 'Idle', shape: 'ring', rank: 0 },
  flowing: { word: 'Flowing', shape: 'dot', rank: 1 },
  saturated: { word: 'Saturated', shape: 'square', rank: 2 },
  throttled: { word: 'Throttled', shape: 'triangle', rank: 3 },
  failing: { word: 'Failing', shape: 'cross', rank: 4 },
}

/** The frame that rates at `index` are measured from, or null for the first frame. */
export function rateBase(frames: readonly Frame[], index: number): Frame | null {
  if (index <= 0) return null
  return frames[Math.max(0, index - RATE_WINDOW_FRAMES)] ?? null
}

/** Increase a second of a counter between two frames; null where there is no earlier frame. */
export function rateBetween(before: Frame | null, now: Frame, count: (frame: Frame) => number | null | undefined): number | null {
  if (before === null) return null
  const passed_s = now.time_s - before.time_s
  const [first, last] = [count(before), count(now)]
  if (passed_s <= 0 || typeof first !== 'number' || typeof last !== 'number') return null
  return Math.max(0, (last - first) / passed_s)
}

/** A metric's number now: the rate of a sum, the level of a gauge, one percentile of a spread. */
export function metricNumber(
  metric: Pick<Metric, 'name' | 'type'>, node: string, now: Frame, before: Frame | null, percentile: keyof Spread = 'p99',
): number | null {
  const value = now.nodes[node]?.metrics[metric.name]
  if (metric.type === 'sum') return rateBetween(before, now, (frame) => numeric(frame.nodes[node]?.metrics[metric.name]))
  if (isSpread(value)) return value.count > 0 ? value[percentile] ?? null : null
  return numeric(value)
}

/** The unit a metric's number is in once counters became rates. */
export function shownUnit(metric: Pick<Metric, 'unit' | 'type'>): string {
  return metric.type === 'sum' ? rateUnit(metric.unit) : metric.unit
}

export interface StripFigure {
  text: string
  label: string
  title: string
}

export interface Strip {
  state: FlowState
  /** Filled part of the bar, 0..1. */
  share: number
  barTitle: string
  figures: StripFigure[]
}

/** What a node's card shows: one bar and two numbers, as its service's description says. */
export function stripOf(service: Service | undefined, node: string, now: Frame | null, before: Frame | null, peak: number): Strip | null {
  const frame = now?.nodes[node]
  if (!now || !frame || !service?.overlay) return null
  const figures = service.overlay.figures.map(({ metric: name, label }) => {
    const metric = service.metrics.find((one) => one.name === name)
    if (!metric) return { text: NO_VALUE, label, title: name }
    return { text: formatBrief(metricNumber(metric, node, now, before), shownUnit(metric)), label, title: figureTitle(metric) }
  })
  return { state: frame.state, ...barOf(service, node, now, before, peak), figures }
}

function figureTitle(metric: Metric): string {
  const what = metric.type === 'sum' ? ', a second' : metric.type === 'spread' ? ', 99th percentile' : ''
  return `${metric.title}${what} (${metric.name})`
}

function barOf(service: Service, node: string, now: Frame, before: Frame | null, peak: number): { share: number; barTitle: string } {
  const bar = service.overlay?.bar
  const metric = service.metrics.find((one) => one.name === bar?.metric)
  if (!bar || !metric) return { share: 0, barTitle: '' }
  const value = metricNumber(metric, node, now, before) ?? 0
  const limit = bar.limit ? now.nodes[node]?.limits[bar.limit]?.limit : null
  const unit = shownUnit(metric)
  const full = typeof limit === 'number' && limit > 0 ? limit : peak
  const against = typeof limit === 'number' ? `of ${formatQuantity(limit, unit)}` : `, most so far ${formatQuantity(peak, unit)}`
  return { share: full > 0 ? Math.min(1, Math.max(0, value / full)) : 0, barTitle: `${metric.title} ${formatQuantity(value, unit)} ${against}`.replace(' ,', ',') }
}

/** The number behind a node's bar, for keeping its maximum so far. */
export function barNumber(service: Service | undefined, node: string, now: Frame, before: Frame | null): number {
  const metric = service?.metrics.find((one) => one.name === service.overlay?.bar.metric)
  return metric ? metricNumber(metric, node, now, before) ?? 0 : 0
}

export interface WireView {
  state: FlowState
  /** Messages delivered a second; null before two frames exist. */
  per_s: number | null
  text: string
  /** Stroke width in pixels, growing with the logarithm of the rate. */
  width: number
  inTransit: number
}

export function wireOf(wire: string, now: Frame | null, before: Frame | null): WireView | null {
  const frame = now?.wires[wire]
  if (!now || !frame) return null
  const per_s = rateBetween(before, now, (one) => one.wires[wire]?.delivered)
  return {
    state: frame.state,
    per_s,
    text: per_s === null ? '' : formatQuantity(per_s, 'per_s'),
    width: strokeWidth(per_s ?? 0),
    inTransit: frame.in_transit,
  }
}

/** 1.5 px at rest, half a pixel more each factor of about three, 5 px at most. */
export function strokeWidth(per_s: number): number {
  return Math.min(5, Math.round((1.5 + Math.log10(1 + per_s)) * 2) / 2)
}

export interface CauseRow {
  node: string
  cause: string
  title: string
  message_s: number
  share: number
}

/** Message-seconds waited so far by node and cause, most first, with each one's share of all waiting. */
export function waitingCauses(now: Frame | null, titleOf: (node: string, cause: string) => string): CauseRow[] {
  return causeRows(now, (node) => node.waits, titleOf)
}

/** Messages lost so far by node and cause, most first; `message_s` then counts messages. */
export function lossCauses(now: Frame | null, titleOf: (node: string, cause: string) => string): CauseRow[] {
  return causeRows(now, (node) => node.losses, titleOf)
}

function causeRows(now: Frame | null, pick: (node: NodeFrame) => Record<string, number>, titleOf: (node: string, cause: string) => string): CauseRow[] {
  const rows = Object.entries(now?.nodes ?? {}).flatMap(([node, frame]) =>
    Object.entries(pick(frame) ?? {})
      .filter(([, amount]) => amount > 0)
      .map(([cause, amount]) => ({ node, cause, title: titleOf(node, cause), message_s: amount, share: 0 })),
  )
  const all = rows.reduce((sum, row) => sum + row.message_s, 0)
  return rows.map((row) => ({ ...row, share: row.message_s / all })).sort((one, other) => other.message_s - one.message_s)
}

/** Nodes in the order they deserve attention: worst state first, then most waiting, then most losses. */
export function nodesThatMatter(now: Frame | null): string[] {
  const sum = (amounts: Record<string, number> | undefined) => Object.values(amounts ?? {}).reduce((total, one) => total + one, 0)
  return Object.entries(now?.nodes ?? {})
    .map(([id, node]) => ({ id, rank: STATES[node.state]?.rank ?? 0, waits: sum(node.waits), losses: sum(node.losses) }))
    .sort((one, other) => other.rank - one.rank || other.waits - one.waits || other.losses - one.losses)
    .map(({ id }) => id)
}

/** A cause's name for people: the service's own words, else the code in plain letters. */
export function causeTitle(service: Service | undefined, cause: string): string {
  const words = (service as { causes?: Record<string, string> } | undefined)?.causes?.[cause] ?? cause.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function numeric(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}
