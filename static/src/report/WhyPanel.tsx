import { Text } from '@mantine/core'

import type { Culprit, Report } from '../api/types'
import { formatQuantity } from '../format'
import { useDrawnRevision } from '../live/charts/useDrawnRevision'
import { causeName } from '../live/hooks'
import { NodeLink } from '../live/NodeLink'
import { ParameterLink } from '../live/ParameterLink'
import { useRun } from '../live/runStore'
import { nodesThatMatter, waitingCauses, type CauseRow } from '../live/selectors'
import { StateMark } from '../live/StateMark'
import { LatencyPart } from './LatencyPart'
import { LedgerPart } from './LedgerPart'

const MOST_CAUSES = 12
/** Causes of a smaller share of the time are counted, not named. */
const LEAST_SHARE = 0.001

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
          ? <><ul className="why-sentences">{report.explanation.map((sentence) => <li key={sentence}>{sentence}</li>)}<Growing report={report} /></ul><ToChange culprits={scarcest(report)} /></>
          : (
            <ul className="why-sentences">
              {limited.length === 0 ? <li>Nothing limits the system now.</li> : limited.map((node) => {
                const { state: how, sentence, culprit } = shown.nodes[node]!
                return <li key={node}><StateMark state={how} /> <NodeLink node={node} />: {sentence}{culprit && <ToChange culprits={[culprit]} />}</li>
              })}
            </ul>
          )}
      </section>
      <div className="why-column">
        <Causes title="Where messages spent their time" rows={waitingCauses(shown, named)} amount={(row) => formatQuantity(row.share, 'share')} least={LEAST_SHARE} none="Nothing has waited yet." note="Waiting and work that have ended; what still waits is counted when it goes on." />
        <section>
          <h3 className="live-heading">Losses, refusals and throttles</h3>
          <LedgerPart shown={shown} />
        </section>
      </div>
      <section className="why-wide">
        <h3 className="live-heading">How long messages took, and where</h3>
        {report ? <LatencyPart report={report} /> : <Text size="sm" c="dimmed">The latency of each path by node and cause is drawn when the run ends. Stop it to see now.</Text>}
      </section>
    </div>
  )
}

/** Backlogs that still grew at the end, and what they would have run into. */
function Growing({ report }: { report: Report }) {
  return report.steady_state.growing.filter(({ limits }) => limits.length > 0).map(({ node, growth_per_s, limits }) => (
    <li key={node}>The backlog of <NodeLink node={node} /> was growing by {formatQuantity(growth_per_s, 'per_s')}{limits.map(({ title, in_s }) => `; at this rate, ${title} in ${formatQuantity(in_s, 's')}`).join('')}.</li>
  ))
}

const MOST_TO_CHANGE = 3

/** What ran short and made messages wait, most waiting first; each culprit once. */
function scarcest(report: Report): Culprit[] {
  const waits = Object.values(report.nodes).flatMap((node) => node.waits.filter(({ scarce, culprit }) => scarce && culprit !== null))
  const found = new Map<string, Culprit>()
  for (const { culprit } of waits.sort((one, other) => other.message_s - one.message_s)) if (culprit) found.set(`${culprit.node} ${culprit.wire} ${culprit.parameter}`, culprit)
  return [...found.values()].slice(0, MOST_TO_CHANGE)
}

function ToChange({ culprits }: { culprits: Culprit[] }) {
  if (culprits.length === 0) return null
  return <p className="why-change">To change: {culprits.map((culprit, place) => <span key={`${culprit.node} ${culprit.wire} ${culprit.parameter}`}>{place > 0 && ', '}<ParameterLink culprit={culprit} /></span>)}</p>
}

function Causes({ title, rows, amount, least, none, note }: { title: string; rows: CauseRow[]; amount: (row: CauseRow) => string; least: number; none: string; note: string }) {
  const shown = rows.slice(0, MOST_CAUSES).filter(({ share }) => share >= least)
  const left = rows.length - shown.length
  return (
    <section>
      <h3 className="live-heading">{title}</h3>
      {rows.length === 0 ? <Text size="sm" c="dimmed">{none}</Text> : <p className="live-note">{note}</p>}
      {shown.map((row) => (
        <div key={`${row.node} ${row.cause}`} className="live-limit">
          <span><NodeLink node={row.node} /> · {row.title}</span>
          <span className="live-number">{amount(row)}</span>
          <span className="live-bar" aria-hidden="true"><span style={{ transform: `scaleX(${row.share})` }} /></span>
        </div>
      ))}
      {left > 0 && <p className="live-note">{left} more, together {formatQuantity(rows.reduce((sum, { share }) => sum + share, 0) - shown.reduce((sum, { share }) => sum + share, 0), 'share')}.</p>}
    </section>
  )
}
