import { createPortal } from 'react-dom'

import type { Report } from '../api/types'
import { linkToMoment } from '../live/moment'
import { useRun, viewKey } from '../live/runStore'
import { CostPanel } from './CostPanel'
import { PathsPanel } from './PathsPanel'
import { ReportBody } from './ReportBody'
import { happened } from './happened'

/** The report on paper: everything of it, nothing to press, and at the end what each figure means. On the screen it is not seen. */
export function PrintSheet({ report }: { report: Report }) {
  const run = useRun((state) => state.run)
  const services = useRun((state) => state.services)
  const kinds = [...new Set(Object.values(report.nodes).map((node) => node.kind))]
  const shown = (kind: string, name: string) => Object.values(report.nodes).some((node) => node.kind === kind && happened(node.metrics[name]))
  return createPortal(
    <article className="print-sheet" aria-hidden="true">
      <h1>{report.name || 'Run'}</h1>
      {run && (
        <p className="report-note">
          {linkToMoment(run, null, viewKey(), window.location.href)}<br />
          Started {new Date(run.created_at).toLocaleString()}; graph {run.graph_sha256} (SHA-256), seed {report.seed}, engine {report.engine_version}: with these the figures come out again.
        </p>
      )}
      <h2>What happened</h2>
      <ul>{report.explanation.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul>
      <h2>Figures</h2>
      <p className="report-note">Of a counter the total stands in bold and its rate beside it, of a level its mean over time and its largest value, of times and sizes half of the samples are at most the one and 99 % at most the other (p99). Figures that stayed at zero are left out.</p>
      <ReportBody report={report} ids={Object.keys(report.nodes)} brief />
      <h2>Paths</h2>
      <PathsPanel />
      <h2>Cost</h2>
      <CostPanel />
      <h2>What the figures mean</h2>
      {kinds.map((kind) => (
        <section key={kind}>
          <h3>{services[kind]?.title ?? kind}</h3>
          <dl className="print-meanings">
            {services[kind]?.metrics.filter(({ name }) => shown(kind, name)).map((metric) => <div key={metric.name}><dt>{metric.title || metric.name}{metric.unit && `, ${metric.unit}`}</dt><dd>{metric.help}</dd></div>)}
          </dl>
        </section>
      ))}
    </article>,
    document.body,
  )
}
