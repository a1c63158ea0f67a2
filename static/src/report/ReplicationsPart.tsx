import type { Interval, Report, ReportMetric } from '../api/types'
import { formatQuantity } from '../format'
import { NodeLink } from '../live/NodeLink'
import { give } from './intervals'

const MOST_PATHS = 10
const FIELDS = { sum: ['per_s'], gauge: ['mean'], spread: ['mean', 'p95', 'p99'] } as const
const WORDS: Record<string, string> = { per_s: 'a second' }

interface Line { key: string; what: string; field: string; unit: string; figure: Interval }

/** What the replications say: every primary figure as its mean ± interval. */
export function ReplicationsPart({ report, ids, primary }: { report: Report; ids: string[]; primary: (node: string, metric: string) => boolean }) {
  const seen = report.replications
  if (!seen) return null
  const lines = (id: string): Line[] => Object.entries(report.nodes[id]?.metrics ?? {}).filter(([name]) => primary(id, name)).flatMap(([name, metric]) => linesOf(name, metric, seen.nodes[id]?.metrics?.[name] ?? {}))
  const paths = Object.entries(seen.paths).sort(([, one], [, other]) => (other.messages?.mean ?? 0) - (one.messages?.mean ?? 0)).slice(0, MOST_PATHS)
  const way = (name: string) => {
    const cut = name.lastIndexOf(': ')
    return `${name.slice(0, cut).split(' > ').map((id) => report.nodes[id]?.name ?? id).join(' → ')}, ${name.slice(cut + 2)}`
  }
  return (
    <section className="report-replications" aria-label="Replications">
      <h3>{seen.count} replications, mean ± {formatQuantity(seen.confidence, 'share')} interval</h3>
      <p className="report-note">{seen.ended.sentence}{seen.unstable.map(({ node, name, replications }) => <span key={node}> {name} has no steady state in {replications} of them: its means say how long the runs were.</span>)}</p>
      <table className="report-table">
        <thead><tr><th scope="col">Of</th><th scope="col">Figure</th><th scope="col" className="num">Mean</th><th scope="col" className="num">Interval</th><th scope="col" className="num">Lowest</th><th scope="col" className="num">Highest</th></tr></thead>
        <tbody>
          {ids.flatMap((id) => lines(id).map((line) => <Row key={`${id} ${line.key}`} of={<NodeLink node={id} />} line={line} />))}
          {paths.flatMap(([name, path]) => (['mean', 'p99'] as const).flatMap((field) => {
            const figure = path.latency?.[field]
            return figure ? [<Row key={`${name} ${field}`} of={way(name)} line={{ key: field, what: 'Latency', field, unit: 's', figure }} />] : []
          }))}
          <Row of="All" line={{ key: 'cost', what: 'Cost', field: 'of the run', unit: 'usd', figure: seen.cost_usd }} />
        </tbody>
      </table>
    </section>
  )
}

function linesOf(name: string, metric: ReportMetric, figures: Record<string, Interval>): Line[] {
  return FIELDS[metric.type].flatMap((field) => {
    const figure = figures[field]
    return figure && figure.max !== 0 ? [{ key: `${name} ${field}`, what: metric.title || name, field: WORDS[field] ?? field, unit: field === 'per_s' ? 'per_s' : metric.unit, figure }] : []
  })
}

function Row({ of, line }: { of: React.ReactNode; line: Line }) {
  const { figure, unit } = line
  return (
    <tr><td>{of}</td><td>{line.what}, {line.field}</td><td className="num">{formatQuantity(figure.mean, unit)}</td><td className="num">{give(figure, unit)}</td><td className="num">{formatQuantity(figure.min, unit)}</td><td className="num">{formatQuantity(figure.max, unit)}</td></tr>
  )
}
