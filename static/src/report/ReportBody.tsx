import { Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'

import type { Report, ReportMetric } from '../api/types'
import { formatQuantity, formatWithWord } from '../format'
import { NodeLink } from '../live/NodeLink'
import { useRun } from '../live/runStore'
import { StateMark } from '../live/StateMark'
import { happened } from './happened'
import { ReplicationsPart } from './ReplicationsPart'
import { TheoryPart } from './TheoryPart'

/** The account of all messages, how it was computed, and the metrics of the nodes `ids`; `brief` leaves out what stayed at zero, which is otherwise there for the asking. */
export function ReportBody({ report, ids, brief = false, children }: { report: Report; ids: string[]; brief?: boolean; children?: ReactNode }) {
  const services = useRun((state) => state.services)
  const { created, finished, lost, unfinished, residual } = report.conservation
  const primary = (id: string, name: string) => services[report.nodes[id]?.kind ?? '']?.metrics.find((metric) => metric.name === name)?.primary ?? false
  return (
    <div className="report">
      <div className="report-head">
        <p>
          {formatWithWord(created, 'messages')} = {formatQuantity(finished, 'messages')} finished + {formatQuantity(lost, 'messages')} lost + {formatQuantity(unfinished, 'messages')} unfinished{residual === 0 ? ', every one accounted for' : `; ${residual} unaccounted for`}.
          {' '}{formatQuantity(report.simulated_s, 's')} simulated in {formatQuantity(report.wall_s, 's')}, seed {report.seed}, engine {report.engine_version}.{fidelityText(report)}{warmUpText(report)}
        </p>
        {children}
      </div>
      <ReplicationsPart report={report} ids={ids} primary={primary} />
      {report.replications && <h3 className="live-heading">The run that was watched, seed {report.seed}</h3>}
      <div className="report-nodes">{ids.map((id) => <NodeReport key={id} id={id} report={report} brief={brief} telling={(name) => primary(id, name)} />)}</div>
    </div>
  )
}

/** Whether every message was simulated by itself, and what to expect of the figures if not. */
function fidelityText({ fidelity, nodes }: Report): string {
  if (fidelity.used === 'exact') return ' Every message was simulated by itself.'
  const single = Object.entries(fidelity.nodes).filter(([id, node]) => node.used === 'exact' && nodes[id]).map(([id]) => nodes[id]!.name)
  const error = fidelity.expected_error > 0 ? `: expect latencies, backlogs and drain times within ${formatQuantity(fidelity.expected_error, 'share')}` : ''
  const apart = single.length ? ` Message by message: ${single.join(', ')}.` : ''
  return ` One token stood for up to ${formatWithWord(fidelity.largest_cohort, 'messages')}${error}.${apart}`
}

/** When statistics began, if not at once. */
function warmUpText({ steady_state: { warm_up } }: Report): string {
  if (!warm_up || (warm_up.method === 'fixed' && warm_up.s === 0)) return ''
  if (warm_up.method === 'fixed') return ` Statistics begin after a warm-up of ${formatQuantity(warm_up.s, 's')}.`
  if (!warm_up.settled) return ` ${warm_up.method} found no steady state: statistics begin at half the run, ${formatQuantity(warm_up.s, 's')}.`
  return ` Statistics begin after ${formatQuantity(warm_up.s, 's')}, where ${warm_up.method} found the warm-up over.`
}

/** The figures of a node: `telling` ones always, others if they ever were other than zero, the rest for the asking. */
function NodeReport({ id, report, brief, telling }: { id: string; report: Report; brief: boolean; telling: (name: string) => boolean }) {
  const [whole, setWhole] = useState(false)
  const node = report.nodes[id]!
  const all = Object.entries(node.metrics)
  const metrics = all.filter(([name, metric]) => whole || happened(metric) || (!brief && metric.type !== 'spread' && telling(name)))
  const left = all.length - metrics.length
  const law = node.littles_law
  return (
    <section className="report-node">
      <h3><StateMark state={node.state} /> <NodeLink node={id} /></h3>
      <dl className="live-metrics">
        {metrics.map(([name, metric]) => <div key={name} title={name}><dt>{metric.title || name}</dt><dd>{metricText(metric)}</dd></div>)}
      </dl>
      {!brief && (whole || left > 0) && <button type="button" className="live-link live-rest" aria-expanded={whole} onClick={() => setWhole(!whole)}>{whole ? 'Leave out what stayed at zero' : `${left} more stayed at zero`}</button>}
      {report.fidelity.nodes[id]?.why && report.fidelity.used === 'cohorts' && <Text size="xs" c="dimmed">Message by message: {report.fidelity.nodes[id]!.why}</Text>}
      {law && <Text size="xs" c="dimmed" title="Mean number waiting = arrival rate × mean wait, each measured on its own">Little’s law: {formatQuantity(law.mean_in_system, 'count')} waiting = {formatQuantity(law.arrivals_per_s, 'per_s')} × {formatQuantity(law.mean_time_s, 's')}</Text>}
      {node.theory?.nodes.at(-1) === id && <TheoryPart report={report} node={id} />}
    </section>
  )
}

function metricText(metric: ReportMetric) {
  if (metric.type === 'sum') return <>{formatQuantity(metric.total, metric.unit)}<small>{formatQuantity(metric.per_s, 'per_s')}</small></>
  if (metric.type === 'gauge') return <>{formatQuantity(metric.mean, metric.unit)}<small>max {formatQuantity(metric.max, metric.unit)}</small></>
  return <>{formatQuantity(metric.p50, metric.unit)}<small>p99 {formatQuantity(metric.p99, metric.unit)}</small></>
}
