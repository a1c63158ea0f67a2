import { Text } from '@mantine/core'

import { formatQuantity } from '../format'
import { useDrawnRevision } from '../live/charts/useDrawnRevision'
import { causeName } from '../live/hooks'
import { NodeLink } from '../live/NodeLink'
import { useRun } from '../live/runStore'
import { lossCauses, nodesThatMatter, waitingCauses, type CauseRow } from '../live/selectors'
import { StateMark } from '../live/StateMark'

const MOST_CAUSES = 12

/** Why messages waited and were lost, so far or at the moment looked back at; at the end, the run explained in sentences. */
export function WhyPanel() {
  useDrawnRevision()
  const state = useRun.getState()
  const { shown, report, scrub_s } = state
  const named = (node: string, cause: string) => causeName(state, node, cause)
  if (!shown) return <Text size="sm" c="dimmed">Press Run: every second that a message waits, and every message lost, is booked to a cause, and the causes are listed here.</Text>
  const limited = nodesThatMatter(shown).filter((node) => shown.nodes[node]?.sentence)
  return (
    <div className="why">
      <section>
        <h3 className="live-heading">{report && scrub_s === null ? 'What happened' : 'What limits the system now'}</h3>
        {report && scrub_s === null
          ? <ul className="why-sentences">{report.explanation.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul>
          : <ul className="why-sentences">{limited.length === 0 ? <li>Nothing limits the system now.</li> : limited.map((node) => <li key={node}><StateMark state={shown.nodes[node]!.state} /> <NodeLink node={node} />: {shown.nodes[node]!.sentence}</li>)}</ul>}
      </section>
      <Causes title="Where messages waited" rows={waitingCauses(shown, named)} amount={(row) => formatQuantity(row.share, 'share')} none="Nothing has waited yet." />
      <Causes title="Why messages were lost" rows={lossCauses(shown, named)} amount={(row) => formatQuantity(row.message_s, 'messages')} none="No message is lost." />
    </div>
  )
}

function Causes({ title, rows, amount, none }: { title: string; rows: CauseRow[]; amount: (row: CauseRow) => string; none: string }) {
  return (
    <section>
      <h3 className="live-heading">{title}</h3>
      {rows.length === 0 && <Text size="sm" c="dimmed">{none}</Text>}
      {rows.slice(0, MOST_CAUSES).map((row) => (
        <div key={`${row.node} ${row.cause}`} className="live-limit">
          <span><NodeLink node={row.node} /> · {row.title}</span>
          <span className="live-number">{amount(row)}</span>
          <span className="live-bar" aria-hidden="true"><span style={{ transform: `scaleX(${row.share})` }} /></span>
        </div>
      ))}
    </section>
  )
}
