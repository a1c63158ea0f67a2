/**
 * The frames of one run, in bounded memory.
 *
 * All frames are kept while there are few. When there are too many, the older half is thinned to every second frame,
 * again and again, so resolution falls with age. Nothing else is lost by it: counters are cumulative, levels are
 * values of an instant, and the spread of a dropped frame is merged into the one kept after it.
 */

import { isSpread, type Frame, type LogLine, type MetricValue, type NodeFrame, type Spread } from './shapes'

export const MAXIMUM_FRAMES = 2400
export const MAXIMUM_LOG_LINES = 2000

export class FrameLog {
  private kept: Frame[] = []
  private lines: LogLine[] = []
  private newestSeq = -1
  private missing: [from: number, to: number][] = []

  constructor(
    private readonly maximumFrames = MAXIMUM_FRAMES,
    private readonly maximumLogLines = MAXIMUM_LOG_LINES,
  ) {}

  /** All kept frames, oldest first. Do not change them. */
  get frames(): readonly Frame[] {
    return this.kept
  }

  /** Log lines of every frame that arrived, the newest `maximumLogLines` of them. */
  get log(): readonly LogLine[] {
    return this.lines
  }

  /** The highest sequence number seen, -1 before the first frame. */
  get lastSeq(): number {
    return this.newestSeq
  }

  get latest(): Frame | null {
    return this.kept[this.kept.length - 1] ?? null
  }

  /** Ranges of sequence numbers (both ends included) that were skipped and never filled. */
  get gaps(): readonly [from: number, to: number][] {
    return this.missing
  }

  /**
   * Append the frames that are new, in order; duplicates are dropped. A jump in the numbers is accepted only where
   * `skipping` says the server may leave frames out; otherwise the frames after the gap are refused and the answer
   * is the number to ask for again.
   */
  append(frames: readonly Frame[], skipping = false): { added: number; askFrom: number | null } {
    let added = 0
    for (const frame of frames) {
      if (frame.seq <= this.newestSeq) continue
      // A merged frame stands for all from `first_seq` on: nothing is missing between.
      if ((frame.first_seq ?? frame.seq) > this.newestSeq + 1) {
        if (!skipping) return { added, askFrom: this.newestSeq + 1 }
        this.missing.push([this.newestSeq + 1, (frame.first_seq ?? frame.seq) - 1])
      }
      this.kept.push(frame)
      this.newestSeq = frame.seq
      this.remember(frame.log)
      added += 1
    }
    if (this.kept.length > this.maximumFrames) this.kept = thin(this.kept)
    return { added, askFrom: null }
  }

  /** Put frames fetched later into the gaps they were missing from. */
  fill(frames: readonly Frame[]): void {
    const wanted = frames.filter((frame) => this.missing.some(([from, to]) => frame.seq >= from && frame.seq <= to))
    if (wanted.length === 0) return
    const known = new Set(this.kept.map((frame) => frame.seq))
    const fresh = wanted.filter((frame) => !known.has(frame.seq))
    this.kept = [...this.kept, ...fresh].sort((one, other) => one.seq - other.seq)
    this.lines = [...this.lines, ...fresh.flatMap((frame) => frame.log ?? [])].sort((one, other) => one.time_s - other.time_s)
    const have = new Set(fresh.map((frame) => frame.seq))
    this.missing = this.missing.flatMap((range) => without(range, have))
    while (this.kept.length > this.maximumFrames) this.kept = thin(this.kept)
  }

  /** Index of the last frame at or before `time_s`; 0 when the time is before the first, -1 when there is none. */
  indexAt(time_s: number): number {
    return lastAtOrBefore(this.kept, time_s)
  }

  private remember(lines: readonly LogLine[] | undefined): void {
    if (!lines || lines.length === 0) return
    this.lines = [...this.lines, ...lines].slice(-this.maximumLogLines)
  }
}

/** Index of the last frame at or before `time_s`, by bisection; 0 when all are later, -1 for no frames. */
export function lastAtOrBefore(frames: readonly Frame[], time_s: number): number {
  let low = 0
  let high = frames.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((frames[middle] as Frame).time_s <= time_s + 1e-9) low = middle
    else high = middle - 1
  }
  return high
}

/** Drop every second frame of the older half, keeping the first one and merging dropped spreads into their successor. */
export function thin(frames: readonly Frame[]): Frame[] {
  const half = Math.floor(frames.length / 2)
  const kept: Frame[] = []
  for (let index = 0; index < frames.length; index += 1) {
    const frame = frames[index] as Frame
    const dropped = frames[index - 1]
    if (index <= half && index % 2 === 0 && dropped) kept.push(mergeSpreads(dropped, frame))
    else if (index >= half || index % 2 === 0) kept.push(frame)
  }
  return kept
}

function mergeSpreads(dropped: Frame, next: Frame): Frame {
  const nodes: Record<string, NodeFrame> = {}
  for (const [id, node] of Object.entries(next.nodes)) {
    const before = dropped.nodes[id]
    const metrics: Record<string, MetricValue> = {}
    for (const [name, value] of Object.entries(node.metrics)) metrics[name] = mergeMetric(before?.metrics[name], value)
    nodes[id] = { ...node, metrics }
  }
  return { ...next, nodes }
}

function mergeMetric(before: MetricValue | undefined, value: MetricValue): MetricValue {
  if (!isSpread(before) || before.count === 0) return value
  if (!isSpread(value)) return value === null ? before : value
  return value.count === 0 ? before : mergeTwo(before, value)
}

/** Exact for count, mean and maximum; percentiles are weighted by count, which is near enough for an old chart. */
function mergeTwo(one: Spread, other: Spread): Spread {
  const count = one.count + other.count
  const weighted = (field: 'mean' | 'p50' | 'p90' | 'p99') => ((one[field] ?? 0) * one.count + (other[field] ?? 0) * other.count) / count
  return {
    count,
    mean: weighted('mean'),
    p50: weighted('p50'),
    p90: weighted('p90'),
    p99: weighted('p99'),
    max: Math.max(one.max ?? 0, other.max ?? 0),
  }
}

function without([from, to]: [number, number], have: ReadonlySet<number>): [number, number][] {
  const rest: [number, number][] = []
  let start: number | null = null
  for (let seq = from; seq <= to + 1; seq += 1) {
    const absent = seq <= to && !have.has(seq)
    if (absent && start === null) start = seq
    if (!absent && start !== null) {
      rest.push([start, seq - 1])
      start = null
    }
  }
  return rest
}
