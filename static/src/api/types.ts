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
  /** The widget instead, where a wire comes in at one of these ports. */
  widget_by_port?: Record<string, string>
  language?: string
  nodes_with_action?: string
  changeable?: boolean
  /** How long AWS takes until a change of it acts. */
  propagation?: { delay_s: number; note: string; source: Source }
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
  /** Whether the network can be cut here, for a wire over which is pulled. */
  cuttable?: boolean
  wire_title: string | null
  wire_parameters: Schema | null
}

export interface Quota {
  name: string; title: string; value: number | null; unit: string; scope: string; adjustable: boolean; note: string; source: Source
}

export interface Metric {
  name: string; title: string; unit: string; type: 'sum' | 'gauge' | 'spread'; help: string; source: Source | null; primary: boolean; chart: string
  /** Name of the node's limit that this metric is held against. */
  limit: string | null
}

export interface Fault { name: string; title: string; help: string; sort: string; instant: boolean; of_callers: boolean; parameters: Schema }

/** The sorts of fault in the order of the palette, and what can happen to every wire and to every group of these kinds. */
export interface CatalogFaults { sorts: { name: string; title: string }[]; wire: Fault[]; group: Fault[]; group_kinds: string[] }

export interface Preset { name: string; title: string; summary: string; icon: string; parameters: Values }

export type Ink = 'main' | 'held' | 'later' | 'warn' | 'bad'
export interface Picture {
  shape: 'tank' | 'slots' | 'capacity' | 'rates' | 'bars' | 'targets' | 'states'
  fills: { name: string; ink: Ink }[]
  limit: string | null
  among: string | null
}
export interface Overlay {
  bar: { metric: string; limit: string | null }
  figures: { metric: string; label: string; of: string | null; quiet: boolean }[]
  picture: Picture | null
}
export interface PartFigure { name: string; title: string; unit: string; type: 'sum' | 'gauge' }

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
  /** Parameters from which a node gets more ports than these. */
  ports_follow: string[]
  quotas: Quota[]
  metrics: Metric[]
  overlay: Overlay
  /** What a frame's `parts` tell of each part; null for a kind without parts. */
  parts: { title: string; figures: PartFigure[] } | null
  faults: Fault[]
  prices: Price[]
  fidelity: { modelled: string[]; approximated: string[]; ignored: string[] }
  example: Graph
}

export interface Price {
  name: string; title: string; usd: number; per: string; source: Source
  free: { quantity: number; pool: string; source: Source } | null
  tiers: { above: number; usd: number; source: Source }[]
}

export interface Catalog { engine_version: string; services: Service[]; faults: CatalogFaults; run: Schema }

export type Values = Record<string, unknown>

/** What is wrong with a text in some language, and what it describes, as a graph of its parts. */
export interface DefinitionAnswer {
  problems: { path: string; message: string; severity: 'error' | 'warning'; line: number | null; column: number | null }[]
  graph: PartGraph
}

/** What a distribution of durations looks like: `shares[i]` of the work lies between `edges_s[i]` and the next edge. */
export interface DistributionAnswer {
  mean_s: number
  deviation_s: number
  percentiles: { share: number; value_s: number }[]
  bins: { scale: 'linear' | 'log'; edges_s: number[]; shares: number[] }
}

export interface PartGraph {
  nodes: { name: string; type: string; group: string; start: boolean; end: boolean }[]
  edges: { from: string; to: string; kind: 'next' | 'catch' | 'default' }[]
}

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
  /** What breaks and changes in every run of this graph, and when. */
  script?: ScriptLine[]
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
  /** Who may control it beside its owner: nobody, or everyone with the link. */
  controllers: 'owner' | 'link'
  may_control: boolean
  view_url: string | null
  /** How many runs wait for a free worker since before this one; null where it does not wait. */
  ahead: number | null
  replications: ReplicationProgress | null
  graph?: Graph
  /** Of the graph as JSON with sorted keys: the same graph has the same one. */
  graph_sha256?: string
}

export interface Interval { mean: number; half_width: number | null; min: number; max: number; samples: number }

export interface ReplicationProgress {
  done: number
  expected: number
  precision: number | null
  figures: (Interval & { figure: string[]; title: string; unit: string })[]
}

/** One run's figure beside the first run's. */
export interface ComparedCell {
  value: number | null
  mean: number | null
  half_width: number | null
  difference: number | null
  difference_half_width: number | null
  relative: number | null
  verdict: 'higher' | 'lower' | 'open' | 'equal' | null
}

/** Runs side by side, each compared with the first. */
export interface ComparedRuns {
  version: number
  ids: string[]
  confidence: number
  /** In how many replications each met the same random numbers as the first; 0: one run each. */
  pairs: number[]
  runs: { name: string; engine_version: string; seed: number; simulated_s: number; stopped: boolean; replications: number }[]
  differences: { owner: string; setting: string; title: string; values: unknown[] }[]
  figures: { figure: string[]; title: string; unit: string; primary: boolean; cells: ComparedCell[] }[]
  verdict: string
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
  id: string; name: string; version: number; updated_at: string; node_kinds: string[]; latest_run: Run | null; trashed_at: string | null
}

export interface VersionListed { number: number; name: string; created_at: string }

export interface Example { slug: string; topic: string; title: string; summary: string; teaches: string; graph: Graph }

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
  limits: Record<string, { title: string; used: number; limit: number | null; unit?: string }>
  waits: Record<string, number>
  losses: Record<string, number>
  /** The figures of the node's parts, by their names. */
  parts?: Record<string, Record<string, number>>
}

/** The figures of the states of a workflow. */
export interface PartCounts { inside: number; entered: number; retried: number; failed: number }

export interface WireFrame {
  state: NodeState; sent: number; delivered: number; refused: number; in_transit: number
  /** How far the consumer of a log is behind. */
  behind?: { messages: number; age_s: number }
}

export interface LogLine { time_s: number; level: 'info' | 'warning' | 'error'; node: string | null; text: string }

export interface Frame {
  version: number
  seq: number
  /** Of an old frame that stands for several: the first of them. */
  first_seq?: number
  time_s: number
  first_time_s?: number
  nodes: Record<string, NodeFrame>
  wires: Record<string, WireFrame>
  totals: { created: number; finished: number; lost: number; unfinished: number }
  load: number
  log: LogLine[]
  faults?: FaultInForce[]
  pending?: PendingChange[]
}

/** Where a control acts: exactly one of them. */
export interface ControlPlace { node?: string; wire?: string; group?: string }
export interface FaultInForce extends ControlPlace { fault: string; value: Values; since_s: number; until_s: number | null }
export interface PendingChange extends ControlPlace { parameter: string; value: unknown; at_s: number }

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
  arrived: number
  waits: { cause: string; title: string; message_s: number; share: number; scarce: boolean; culprit: Culprit | null }[]
  losses: { cause: string; title: string; messages: number }[]
  limits: { name: string; title: string; limit: number | null; mean: number; max: number; parameter: string | null; at_limit_share: number }[]
  cost: CostLine[]
  cost_usd: number
  cost_month_usd: number
  ledger: Record<string, number>
  littles_law: { mean_in_system: number; arrivals_per_s: number; mean_time_s: number; residual: number } | null
  theory: NodeTheory | null
}

export interface CostLine { line: string; quantity: number; unit: string; usd: number; quantity_month: number; free_month: number; usd_month: number; source: Source }

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
  /** How many messages it stands for: more than one in a cohort. */
  messages: number
  /** Whether it is one of those taken evenly over the run, and not for being slow. */
  sampled: boolean
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
  cost_month_usd: number
  bill: { month_s: number; free_tier: boolean; region: string }
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
  | { action: 'load'; value: number; for_s?: number | null }
  | ({ action: 'fault'; fault: string; value?: Values; for_s?: number | null } & ControlPlace)
  | ({ action: 'clear_fault'; fault: string } & ControlPlace)
  | ({ action: 'parameter'; parameter: string; value: unknown; after_s?: number | null } & ControlPlace)

/** A control with the simulated time at which it takes effect. */
export type ScriptLine = Control & { time_s: number }
