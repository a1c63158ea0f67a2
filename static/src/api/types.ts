/** The shapes that cross the wire (docs/reference/contracts.md). */

export interface Source { title: string; url: string; checked: string; confidence: 'R' | 'T' | 'D' | 'M' }

/** A JSON Schema, with the keys Backwater adds to properties. */
export interface Schema {
  type?: string
  title?: string
  description?: string
  default?: unknown
  const?: unknown
  enum?: unknown[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
  anyOf?: Schema[]
  oneOf?: Schema[]
  discriminator?: { propertyName: string; mapping: Record<string, string> }
  $ref?: string
  $defs?: Record<string, Schema>
  unit?: string
  section?: string
  aws_name?: string
  source?: Source
  widget?: string
  nodes_with_action?: string
  changeable?: boolean
  advanced?: boolean
}

export interface Port {
  name: string
  title: string
  direction: 'in' | 'out'
  verb: 'send' | 'poll' | 'invoke'
  actions: string[]
  role: 'main' | 'failure'
  help: string
  max_wires: number | null
  wire_title: string | null
  wire_parameters: Schema | null
}

export interface Quota {
  name: string; title: string; value: number | null; unit: string; scope: string; adjustable: boolean; note: string; source: Source
}

export interface Metric {
  name: string; title: string; unit: string; type: 'sum' | 'gauge' | 'spread'; help: string; source: Source | null; primary: boolean; chart: string
}

export interface Fault { name: string; title: string; help: string; parameters: Schema }

export interface Preset { name: string; title: string; summary: string; icon: string; parameters: Values }

export interface Service {
  kind: string
  title: string
  short_title: string
  neutral_title: string
  group: string
  icon: string
  summary: string
  description: string
  documentation_url: string
  version: number
  parameters: Schema
  account_parameters: Schema | null
  presets: Preset[]
  ports: Port[]
  quotas: Quota[]
  metrics: Metric[]
  overlay: { bar: { metric: string; limit: string | null }; figures: { metric: string; label: string }[] }
  faults: Fault[]
  prices: { name: string; title: string; usd: number; per: string; source: Source }[]
  fidelity: { modelled: string[]; approximated: string[]; ignored: string[] }
  example: Graph
}

export interface Catalog { engine_version: string; services: Service[]; run: Schema }

export type Values = Record<string, unknown>

export interface GraphNode { id: string; kind: string; name: string; version?: number; parameters: Values }

export interface GraphWire {
  id: string
  from: { node: string; port: string }
  to: { node: string; port: string }
  parameters: Values
}

export interface Graph {
  version: number
  name: string
  description?: string
  nodes: GraphNode[]
  wires: GraphWire[]
  account?: Record<string, Values>
  run?: Values
  view?: { positions?: Record<string, [number, number]> } & Values
}

export interface Finding {
  code: string
  severity: 'error' | 'warning' | 'note'
  node: string | null
  wire: string | null
  parameter: string | null
  message: string
  hint: string
  related: string[]
}

export interface ErrorDetail { code: string; message: string; hint: string; findings: Finding[] }

export type RunState = 'waiting' | 'running' | 'finished' | 'stopped' | 'failed'

export interface Run {
  id: string
  diagram: string | null
  diagram_version: number | null
  name: string
  state: RunState
  error: ErrorDetail | null
  speed: number | null
  paused: boolean
  simulated_s: number
  duration_s: number
  last_seq: number
  frame_interval_s: number
  created_at: string
  finished_at: string | null
  engine_version: string
  is_owner: boolean
  view_url: string | null
  replications: ReplicationProgress | null
  graph?: Graph
}

export interface Interval { mean: number; half_width: number | null; min: number; max: number; samples: number }

export interface ReplicationProgress {
  done: number
  expected: number
  precision: number | null
  figures: (Interval & { figure: string[]; title: string; unit: string })[]
}

export interface Diagram {
  id: string
  name: string
  version: number
  graph: Graph
  created_at: string
  updated_at: string
  latest_run: Run | null
  findings: Finding[]
}

export interface DiagramListed {
  id: string; name: string; version: number; updated_at: string; node_kinds: string[]; latest_run: Run | null
}

export interface Example { slug: string; title: string; summary: string; teaches: string; graph: Graph }

export interface Summary {
  count: number
  mean: number | null
  p50: number | null
  p90: number | null
  p95?: number | null
  p99: number | null
  max: number | null
}

export type NodeState = 'idle' | 'flowing' | 'saturated' | 'throttled' | 'failing'

export interface Culprit { node: string; wire: string | null; parameter: string | null }

export interface NodeFrame {
  state: NodeState
  sentence: string | null
  culprit: Culprit | null
  metrics: Record<string, number | Summary | null>
  limits: Record<string, { title: string; used: number; limit: number | null }>
  waits: Record<string, number>
  losses: Record<string, number>
}

export interface WireFrame { state: NodeState; sent: number; delivered: number; refused: number; in_transit: number }

export interface LogLine { time_s: number; level: 'info' | 'warning' | 'error'; node: string | null; text: string }

export interface Frame {
  version: number
  seq: number
  time_s: number
  nodes: Record<string, NodeFrame>
  wires: Record<string, WireFrame>
  totals: { created: number; finished: number; lost: number; unfinished: number }
  load: number
  log: LogLine[]
}

export interface ReportMetric extends Partial<Summary> {
  type: 'sum' | 'gauge' | 'spread'
  unit: string
  title: string
  total?: number
  per_s?: number
  last?: number
}

export interface ReportNode {
  kind: string
  name: string
  state: NodeState
  sentence: string | null
  metrics: Record<string, ReportMetric>
  waits: { cause: string; title: string; message_s: number; share: number; scarce: boolean; culprit: Culprit | null }[]
  losses: { cause: string; title: string; messages: number }[]
  limits: { name: string; title: string; limit: number | null; mean: number; max: number; parameter: string | null; at_limit_share: number }[]
  cost: { line: string; quantity: number; unit: string; usd: number }[]
  cost_usd: number
  ledger: Record<string, number>
  littles_law: { mean_in_system: number; arrivals_per_s: number; mean_time_s: number; residual: number } | null
  theory: NodeTheory | null
}

export interface Compared {
  name: string; title: string; formula: string; unit: string; predicted: number; simulated: number | null; difference: number | null; applies: boolean; exact: boolean
}

export interface NodeTheory {
  nodes: string[]
  model: string
  servers: number | null
  servers_word: string
  arrivals_per_s: number
  arrivals_from: 'scenario' | 'run'
  service_mean_s: number
  service_scv: number
  utilisation: number | null
  applies: boolean
  broken: string[]
  notes: string[]
  unstable: boolean
  comparisons: Compared[]
}

export interface ReportReplications {
  count: number
  confidence: number
  ended: { by: 'count' | 'precision' | 'limit' | 'stopped'; sentence: string }
  precision: { figure: string[]; title: string; relative: number | null; reached: boolean }[]
  seeds: number[]
  unstable: { node: string; name: string; replications: number }[]
  nodes: Record<string, { metrics?: Record<string, Record<string, Interval>>; theory?: Record<string, Interval>; cost_usd?: Interval }>
  paths: Record<string, { messages?: Interval; latency?: Record<string, Interval> }>
  cost_usd: Interval
}

export interface ReportPath {
  nodes: string[]
  end: string
  messages: number
  latency: Summary
  split: { node: string; cause: string; title: string; mean_s: number; share: number; culprit: Culprit | null }[]
}

export interface Trace {
  message: number
  type: string
  path: string[]
  latency_s: number
  end: string
  ended_s: number
  legs: { node: string; cause: string; title: string; from_s: number; to_s: number; attempt?: number }[]
}

export interface Report {
  version: number
  engine_version: string
  name: string
  seed: number
  duration_s: number
  simulated_s: number
  warm_up_s: number
  fidelity: {
    asked: string | number; used: 'exact' | 'cohorts'; tick_s: number | null; largest_cohort: number; expected_error: number
    nodes: Record<string, { used: 'exact' | 'cohorts'; largest_cohort: number; expected_error: number; why: string | null }>
  }
  stopped: boolean
  wall_s: number
  messages_per_wall_s: number | null
  conservation: { created: number; finished: number; lost: number; unfinished: number; residual: number }
  nodes: Record<string, ReportNode>
  wires: Record<string, { sent: number; delivered: number; refused: number; in_transit: number }>
  paths: ReportPath[]
  cost_usd: number
  series: { time_s: number[]; nodes: Record<string, Record<string, (number | null)[]>> }
  traces: Trace[]
  steady_state: {
    warm_up: { s: number; method: string; settled: boolean; pilots: number } | null
    growing: { node: string; name: string; growth_per_s: number; level: number; unstable: boolean; limits: { title: string; in_s: number }[] }[]
  }
  replications?: ReportReplications
  explanation: string[]
  findings: Finding[]
  controls: (Control & { time_s: number })[]
}

export type Control =
  | { action: 'pause' | 'resume' | 'step' | 'stop' }
  | { action: 'speed'; value: number | null }
  | { action: 'load'; value: number }
  | { action: 'fault'; node: string; fault: string; value?: Values }
  | { action: 'clear_fault'; node: string; fault: string }
  | { action: 'parameter'; node?: string; wire?: string; parameter: string; value: unknown }
