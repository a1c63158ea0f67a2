import { Text } from '@mantine/core'
import { useState } from 'react'

import type { Report, Trace } from '../api/types'
import { formatClock, formatQuantity } from '../format'
import { nodeName } from '../live/hooks'
import { NodeLink } from '../live/NodeLink'
import { useRun } from '../live/runStore'
import { isScarce } from './latency'
import { ReportGate } from './ReportGate'

/** The slowest messages and some others, one by one: where each spent its time. */
export function TracesPanel() {
  return <ReportGate what="The slowest messages, one by one, are listed">{(report) => <Traces report={report} />}</ReportGate>
}

function Traces({ report }: { report: Report }) {
  const [chosen, choose] = useState(0)
  const traces = [...report.traces].sort((one, other) => other.latency_s - one.latency_s)
  const trace = traces[Math.min(chosen, traces.length - 1)]
  if (!trace) return <Text size="sm" c="dimmed">No message reached an end of its way.</Text>
  return (
    <div className="traces">
      <ul className="trace-list" aria-label="Messages, slowest first">
        {traces.map((one, index) => (
          <li key={`${one.message} ${index}`}>
            <button type="button" aria-pressed={one === trace} title={`${one.type} ${one.message}, ${one.end}`} onClick={() => choose(index)}>
              <b>{formatQuantity(one.latency_s, 's')}</b> {one.type} {one.message} <small>{one.end}</small>
            </button>
          </li>
        ))}
      </ul>
      <Timeline trace={trace} report={report} />
    </div>
  )
}

/** One message from its birth to its end: hop by hop, attempt by attempt, against one axis of time. */
function Timeline({ trace, report }: { trace: Trace; report: Report }) {
  const born_s = trace.ended_s - trace.latency_s
  const whole_s = trace.latency_s || 1
  const state = useRun.getState()
  return (
    <div className="waterfall">
      <p>
        <b>{trace.type} {trace.message}</b>, made at {formatClock(born_s)}, {trace.end} after {formatQuantity(trace.latency_s, 's')}: {trace.path.map((node, index) => <span key={index}>{index > 0 && ' → '}<NodeLink node={node} /></span>)}
      </p>
      <div className="leg-axis" aria-hidden="true"><div>{TICKS.map((share) => <span key={share} style={{ left: `${share * 100}%`, transform: `translateX(${-share * 100}%)` }}>{formatQuantity(share * trace.latency_s, 's')}</span>)}</div></div>
      <ol>
        {trace.legs.map((leg, index) => {
          const hop = index === 0 || trace.legs[index - 1]!.node !== leg.node
          const took = formatQuantity(leg.to_s - leg.from_s, 's')
          return (
            <li key={index} data-hop={hop || undefined} title={`${nodeName(state, leg.node)}, ${leg.title}: ${took} from ${formatClock(leg.from_s)}`}>
              <span className="leg-node">{hop && <NodeLink node={leg.node} />}</span>
              <span className="leg-words">{leg.title}{leg.attempt !== undefined && <small> attempt {leg.attempt}</small>}</span>
              <span className="leg-track"><span data-leg={kindOf(leg, report)} style={{ marginLeft: `${((leg.from_s - born_s) / whole_s) * 100}%`, width: `${Math.max(0.4, ((leg.to_s - leg.from_s) / whole_s) * 100)}%` }} /></span>
              <span className="live-number">{took}</span>
            </li>
          )
        })}
      </ol>
      <Text size="xs" c="dimmed" mt={6}><span className="leg-key" data-leg="scarce" /> waiting for what ran out <span className="leg-key" data-leg="work" /> an attempt at work <span className="leg-key" data-leg="meant" /> meant: delays, transport</Text>
    </div>
  )
}

const TICKS = [0, 0.5, 1]

function kindOf(leg: Trace['legs'][number], report: Report): 'scarce' | 'work' | 'meant' {
  if (leg.attempt !== undefined) return 'work'
  return isScarce(report, leg.node, leg.cause) ? 'scarce' : 'meant'
}
