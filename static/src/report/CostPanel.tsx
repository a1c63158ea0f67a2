import { Text } from '@mantine/core'

import type { CostLine, Report } from '../api/types'
import { formatQuantity } from '../format'
import { NodeLink } from '../live/NodeLink'
import { ReportGate } from './ReportGate'

/** The bill of the run, line by line and node by node, and what a month at this load would cost. */
export function CostPanel() {
  return <ReportGate what="The bill is made">{(report) => <Bill report={report} />}</ReportGate>
}

interface Billed { node: string; lines: CostLine[]; usd: number; usd_month: number }

function Bill({ report }: { report: Report }) {
  const { free_tier: free, region } = report.bill
  const nodes = Object.entries(report.nodes)
    .map(([node, { cost, cost_usd, cost_month_usd }]): Billed => ({ node, lines: cost.filter((line) => line.quantity > 0), usd: cost_usd, usd_month: cost_month_usd }))
    .filter(({ lines }) => lines.length > 0)
  if (nodes.length === 0) return <Text size="sm" c="dimmed">Nothing in this run has a price.</Text>
  return (
    <>
      <table className="report-table">
        <thead>
          <tr>
            <th scope="col">Node</th><th scope="col">For</th><th scope="col" className="num">Quantity</th><th scope="col">Unit</th><th scope="col" className="num">This run</th>
            {free && <th scope="col" className="num">Free in a month</th>}<th scope="col" className="num">A month of this</th>
          </tr>
        </thead>
        <tbody>{nodes.map((billed) => <NodeRows key={billed.node} billed={billed} free={free} />)}</tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={4}>Sum</th><td className="num">{formatQuantity(report.cost_usd, 'usd')}</td>
            {free && <td />}<td className="num">{formatQuantity(report.cost_month_usd, 'usd')}</td>
          </tr>
        </tfoot>
      </table>
      <Text size="xs" c="dimmed" mt={6}>
        List prices of {region} with their volume tiers, {free ? 'less what an account gets free each month' : 'without free allowances (a setting of the run)'}, without data transfer. A month has 730 hours; the run is charged its share of one.
      </Text>
    </>
  )
}

function NodeRows({ billed, free }: { billed: Billed; free: boolean }) {
  return (
    <>
      {billed.lines.map((line, place) => (
        <tr key={line.line}>
          <td>{place === 0 && <NodeLink node={billed.node} />}</td><td>{line.line}</td><td className="num">{formatQuantity(line.quantity, 'count')}</td><td>{line.unit}</td>
          <td className="num">{formatQuantity(line.usd, 'usd')}</td>{free && <td className="num">{line.free_month > 0 ? formatQuantity(line.free_month, 'count') : '–'}</td>}<td className="num">{formatQuantity(line.usd_month, 'usd')}</td>
        </tr>
      ))}
      {billed.lines.length > 1 && (
        <tr className="report-subtotal">
          <td /><td colSpan={3}>Together</td><td className="num">{formatQuantity(billed.usd, 'usd')}</td>{free && <td />}<td className="num">{formatQuantity(billed.usd_month, 'usd')}</td>
        </tr>
      )}
    </>
  )
}
