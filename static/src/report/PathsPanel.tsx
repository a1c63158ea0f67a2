import { Text } from '@mantine/core'

import type { ReportPath } from '../api/types'
import { formatQuantity } from '../format'
import { NodeLink } from '../live/NodeLink'
import { ReportGate } from './ReportGate'
import { SplitBar } from './SplitBar'

/** Every way messages took: how many, how long, and where the time went. */
export function PathsPanel() {
  return <ReportGate what="Every way that messages took, with its latency and where it was spent, is listed">{(report) => report.paths.length === 0 ? <Text size="sm" c="dimmed">No message reached an end of its way.</Text> : <Paths paths={report.paths} />}</ReportGate>
}

function Paths({ paths }: { paths: ReportPath[] }) {
  return (
    <table className="report-table">
      <thead><tr><th scope="col">Path</th><th scope="col">End</th><th scope="col" className="num">Messages</th><th scope="col" className="num">p50</th><th scope="col" className="num">p99</th><th scope="col" className="report-split">Where the time went, on average</th></tr></thead>
      <tbody>
        {paths.map((path) => (
          <tr key={`${path.nodes.join()} ${path.end}`}>
            <td className="report-path">{path.nodes.map((node, index) => <span key={index}>{index > 0 && ' → '}<NodeLink node={node} /></span>)}</td>
            <td>{path.end}</td>
            <td className="num">{formatQuantity(path.messages, 'messages')}</td>
            <td className="num">{formatQuantity(path.latency.p50, 's')}</td>
            <td className="num">{formatQuantity(path.latency.p99, 's')}</td>
            <td className="report-split"><SplitBar parts={path.split.map((part) => ({ share: part.share, node: part.node, title: part.title, text: formatQuantity(part.mean_s, 's') }))} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
