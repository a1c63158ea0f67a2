import type { Compared, Interval, NodeTheory, Report } from '../api/types'
import { formatQuantity } from '../format'
import { give } from './intervals'

/** What queueing theory says of a node beside what was simulated, and which assumption breaks. */
export function TheoryPart({ report, node }: { report: Report; node: string }) {
  const theory = report.nodes[node]?.theory
  if (!theory) return null
  const seen = report.replications?.nodes[theory.nodes[theory.nodes.length - 1]!]?.theory ?? {}
  const name = (id: string) => report.nodes[id]?.name ?? id
  return (
    <section className="report-theory" aria-label="Theory beside simulation">
      <h3 className="live-heading">Theory beside simulation</h3>
      <p className="report-note">
        {theory.nodes.map(name).join(' → ')} as <b>{theory.model}</b>: {formatQuantity(theory.arrivals_per_s, 'per_s')}{theory.arrivals_from === 'run' ? ' (measured)' : ''} × {formatQuantity(theory.service_mean_s, 's')}
        {theory.utilisation === null || theory.servers === null ? '' : ` over ${formatQuantity(theory.servers, 'count')} ${theory.servers_word}: ${formatQuantity(theory.utilisation, 'share')} utilised`}.
      </p>
      {theory.unstable && <p className="report-note">More work arrives than can be done: there is no steady state, so no formula gives a wait.</p>}
      {theory.comparisons.length > 0 && (
        <table className="report-table">
          <thead><tr><th scope="col">Quantity</th><th scope="col" className="num">Theory</th><th scope="col" className="num">Simulated</th></tr></thead>
          <tbody>{theory.comparisons.map((found) => <Row key={found.name} found={found} seen={seen[found.name]} />)}</tbody>
        </table>
      )}
      <Reasons theory={theory} />
    </section>
  )
}

function Row({ found, seen }: { found: Compared; seen: Interval | undefined }) {
  const simulated = seen ? seen.mean : found.simulated
  const difference = simulated === null || found.predicted === 0 ? null : simulated / found.predicted - 1
  return (
    <tr data-struck={found.applies ? undefined : true}>
      <td>{found.title}<small>{found.formula}{found.exact ? '' : ', approximately'}{found.applies ? '' : ' · does not apply'}</small></td>
      <td className="num">{found.applies ? formatQuantity(found.predicted, found.unit) : `(${formatQuantity(found.predicted, found.unit)})`}</td>
      <td className="num">{formatQuantity(simulated, found.unit)}<small>{seen ? give(seen, found.unit) : difference === null ? '' : `${difference < 0 ? '−' : '+'}${formatQuantity(Math.abs(difference), 'share')}`}</small></td>
    </tr>
  )
}

function Reasons({ theory }: { theory: NodeTheory }) {
  if (theory.broken.length + theory.notes.length === 0) return null
  return (
    <ul className="report-reasons">
      {theory.broken.map((sentence) => <li key={sentence}><b>Assumption broken:</b> {sentence}.</li>)}
      {theory.notes.map((sentence) => <li key={sentence}>{sentence.charAt(0).toUpperCase() + sentence.slice(1)}.</li>)}
    </ul>
  )
}
