/** The shapes of a run on the wire that only the live view needs; the rest is in `api/types`. */

import type { Control, ErrorDetail, Frame, NodeState, Run, Service, Summary } from '../api/types'

export type {
  Control, Culprit, ErrorDetail, Fault, Frame, Graph, GraphNode, LogLine, Metric, NodeFrame, Report, Run, Schema, Service, Trace, WireFrame,
} from '../api/types'

export type FlowState = NodeState
/** The distribution of what was measured in one slice; all values in the metric's unit. */
export type Spread = Summary
export type MetricValue = number | Spread | null

/** A control as stored: with the simulated time at which it took effect. */
export type TimedControl = Control & { time_s?: number | null }

export type ServerMessage =
  | { type: 'run'; run: Run }
  | { type: 'frames'; frames: Frame[]; /** Frames before these were left out, because the viewer was slow. */ skipped?: boolean }
  | { type: 'control'; control: TimedControl }
  | { type: 'error'; error: ErrorDetail }

export type Services = Readonly<Record<string, Service>>

export function isSpread(value: MetricValue | undefined): value is Spread {
  return typeof value === 'object' && value !== null
}
