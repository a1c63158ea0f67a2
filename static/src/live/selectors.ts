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

/**
 * The frame to show at `index`: its states are the worst over the frames that rates are taken over, each with the sentence that went
 * with it, so that a node or wire where something goes wrong now and then does not change its colour many times a second.
 */
export function calmed(frames: readonly Frame[], index: number): Frame | null {
  const frame = frames[index]
  if (!frame) return null
  const nodes = { ...frame.nodes }
  const wires = { ...frame.wires }
  const rank = (state: FlowState) => STATES[state]?.rank ?? 0
  for (let at = index - 1; at > index - RATE_WINDOW_FRAMES && at >= 0; at -= 1) {
    const earlier = frames[at]!
    for (const [id, node] of Object.entries(earlier.nodes)) {
      const now = nodes[id]
      if (now && rank(node.state) > rank(now.state)) nodes[id] = { ...now, state: node.state, sentence: node.sentence, culprit: node.culprit }
    }
    for (const [id, wire] of Object.entries(earlier.wires)) {
      const now = wires[id]
      if (now && rank(wire.state) > rank(now.state)) wires[id] = { ...now, state: wire.state }
    }
  }
  return { ...frame, nodes, wires }
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
  /** Whether it is shown only because something happened. */
  quiet: boolean
}

/** Numbers that fit on a card beside each other. */
const MOST_FIGURES = 3

/** The numbers on a node's card: those that are always there, and the first of those that are above zero now. */
export function figuresOf(service: Service, node: string, now: Frame, before: Frame | null): StripFigure[] {
  const figures = service.overlay.figures.flatMap(({ metric: name, label, of, quiet }): StripFigure[] => {
    const metric = service.metrics.find((one) => one.name === name)
    if (!metric) return [{ text: NO_VALUE, label, title: name, quiet }]
    const value = metricNumber(metric, node, now, before)
    if (quiet && !(value && value > 0)) return []
    const limit = of ? now.nodes[node]?.limits[of]?.limit : null
    const text = formatBrief(value, shownUnit(metric))
    return [{ text: typeof limit === 'number' ? `${text}/${formatBrief(limit, 'count')}` : text, label, title: figureTitle(metric), quiet }]
  })
  return figures.slice(0, MOST_FIGURES)
}

function figureTitle(metric: Metric): string {
  const what = metric.type === 'sum' ? ', a second' : metric.type === 'spread' ? ', 99th percentile' : ''
  return `${metric.title}${what} (${metric.name})`
}

export interface WireView {
  state: FlowState
  /** Messages delivered a second; null before two frames exist. */
  per_s: number | null
  text: string
  /** Stroke width in pixels, growing with the logarithm of the rate. */
  width: number
  inTransit: number
  /** How far the consumer of a log is behind, in words; empty where it reads none, or has read all. */
  behind: string
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
    behind: frame.behind && frame.behind.age_s > 0 ? `${formatBrief(frame.behind.age_s, 's')} behind` : '',
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

/** How much of a limit is used, in the limit's own unit or in that of the metric that is held against it. */
export function usedText({ used, limit, unit }: NodeFrame['limits'][string], service: Pick<Service, 'metrics'> | undefined, name: string): string {
  const measured = unit ?? service?.metrics.find((metric) => metric.limit === name)?.unit ?? 'count'
  if (limit === null) return `${formatQuantity(used, measured)}, unlimited`
  return measured === 'share' && limit === 1 ? formatQuantity(used, measured) : `${formatQuantity(used, measured)} of ${formatQuantity(limit, measured)}`
}
