import { createPortal } from 'react-dom'

import type { Report } from '../api/types'
import { useRun } from '../live/runStore'
import { CostPanel } from './CostPanel'
import { PathsPanel } from './PathsPanel'
import { ReportBody } from './ReportBody'

/** The report on paper: everything of it, nothing to press, and at the end what each figure means. On the screen it is not seen. */
export function PrintSheet({ report }: { report: Report }) {
  const run = useRun((state) => state.run)
  const services = useRun((state) => state.services)
  const kinds = [...new Set(Object.values(report.nodes).map((node) => node.kind))]
  return createPortal(
    <article className="print-sheet" aria-hidden="true">
      <h1>{report.name || 'Run'}</h1>
      {run && <p className="report-note">{window.location.origin}/runs/{run.id}/, started {new Date(run.created_at).toLocaleString()}</p>}
      <h2>What happened</h2>
      <ul>{report.explanation.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul>
      <h2>Figures</h2>
      <ReportBody report={report} ids={Object.keys(report.nodes)} />
      <h2>Paths</h2>
      <PathsPanel />
      <h2>Cost</h2>
      <CostPanel />
      <h2>What the figures mean</h2>
      {kinds.map((kind) => (
        <section key={kind}>
          <h3>{services[kind]?.title ?? kind}</h3>
          <dl className="print-meanings">
            {services[kind]?.metrics.map((metric) => <div key={metric.name}><dt>{metric.title || metric.name}{metric.unit && `, ${metric.unit}`}</dt><dd>{metric.help}</dd></div>)}
          </dl>
        </section>
      ))}
    </article>,
    document.body,
  )
}
