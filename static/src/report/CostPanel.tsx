import { Text } from '@mantine/core'

import type { Report } from '../api/types'
import { formatQuantity } from '../format'
import { NodeLink } from '../live/NodeLink'
import { ReportGate } from './ReportGate'

const SECONDS_A_MONTH = 730 * 3600

/** The bill of the run, line by line, and what the same load would cost in a month. */
export function CostPanel() {
  return <ReportGate what="The bill is made">{(report) => <Bill report={report} />}</ReportGate>
}

function Bill({ report }: { report: Report }) {
  const measured_s = report.simulated_s
  const monthly = (usd: number) => (measured_s > 0 ? formatQuantity((usd / measured_s) * SECONDS_A_MONTH, 'usd') : '–')
  const rows = Object.entries(report.nodes).flatMap(([node, { cost }]) => cost.filter((line) => line.quantity > 0).map((line) => ({ node, ...line })))
  if (rows.length === 0) return <Text size="sm" c="dimmed">Nothing in this run has a price.</Text>
  return (
    <>
      <table className="report-table">
        <thead><tr><th scope="col">Node</th><th scope="col">For</th><th scope="col" className="num">Quantity</th><th scope="col">Unit</th><th scope="col" className="num">This run</th><th scope="col" className="num">A month of this</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.node} ${row.line}`}><td><NodeLink node={row.node} /></td><td>{row.line}</td><td className="num">{formatQuantity(row.quantity, 'count')}</td><td>{row.unit}</td><td className="num">{formatQuantity(row.usd, 'usd')}</td><td className="num">{monthly(row.usd)}</td></tr>
          ))}
        </tbody>
        <tfoot><tr><th scope="row" colSpan={4}>Sum</th><td className="num">{formatQuantity(report.cost_usd, 'usd')}</td><td className="num">{monthly(report.cost_usd)}</td></tr></tfoot>
      </table>
      <Text size="xs" c="dimmed" mt={6}>List prices of us-east-1, without free tiers, volume discounts and data transfer.</Text>
    </>
  )
}
