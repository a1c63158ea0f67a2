import type { Report } from '../api/types'
import { useSelectedNode } from '../live/selection'
import { ReportBody } from './ReportBody'
import { ReportExits } from './ReportExits'
import { ReportGate } from './ReportGate'

/** The run in numbers, of the selected node or of all, and the ways in which the report leaves the page. */
export function ReportPanel() {
  return <ReportGate what="The report comes">{(report) => <Whole report={report} />}</ReportGate>
}

function Whole({ report }: { report: Report }) {
  const selected = useSelectedNode()
  const ids = Object.keys(report.nodes).filter((id) => selected === null || !report.nodes[selected] || id === selected)
  return <ReportBody report={report} ids={ids}><ReportExits report={report} /></ReportBody>
}
