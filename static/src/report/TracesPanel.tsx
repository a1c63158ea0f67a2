import { Text } from '@mantine/core'
import { useState } from 'react'

import type { Report, Trace } from '../api/types'
import { formatClock, formatQuantity } from '../format'
import { nodeName } from '../live/hooks'
import { NodeLink } from '../live/NodeLink'
import { useRun } from '../live/runStore'
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
            <button type="button" aria-pressed={one === trace} onClick={() => choose(index)}>
              <b>{formatQuantity(one.latency_s, 's')}</b> {one.type} {one.message} <small>{one.end}</small>
            </button>
          </li>
        ))}
      </ul>
      <Waterfall trace={trace} />
    </div>
  )
}

function Waterfall({ trace }: { trace: Trace }) {
  const born_s = trace.ended_s - trace.latency_s
  const whole_s = trace.latency_s || 1
  const state = useRun.getState()
  return (
    <div className="waterfall">
      <p>
        <b>{trace.type} {trace.message}</b>, made at {formatClock(born_s)}, {trace.end} after {formatQuantity(trace.latency_s, 's')}: {trace.path.map((node, index) => <span key={index}>{index > 0 && ' → '}<NodeLink node={node} /></span>)}
      </p>
      <ol>
        {trace.legs.map((leg, index) => (
          <li key={index} title={`${nodeName(state, leg.node)}, ${leg.title}: ${formatQuantity(leg.to_s - leg.from_s, 's')} from ${formatClock(leg.from_s)}`}>
            <span className="leg-words"><NodeLink node={leg.node} /> · {leg.title}</span>
            <span className="leg-track"><span data-part={index % 5} style={{ marginLeft: `${((leg.from_s - born_s) / whole_s) * 100}%`, width: `${Math.max(0.4, ((leg.to_s - leg.from_s) / whole_s) * 100)}%` }} /></span>
            <span className="live-number">{formatQuantity(leg.to_s - leg.from_s, 's')}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}
