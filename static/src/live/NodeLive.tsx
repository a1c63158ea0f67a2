import { useState } from 'react'

import { LiveParts } from '../definitions/LiveParts'
import { formatQuantity, formatWithWord } from '../format'
import { TheoryPart } from '../report/TheoryPart'
import { causeName, graphNode, serviceOf } from './hooks'
import { NodeLink } from './NodeLink'
import { useRun } from './runStore'
import { metricNumber, shownUnit, usedText } from './selectors'
import { isSpread, type Culprit, type Frame, type Metric, type NodeFrame, type Service } from './shapes'
import { StateMark } from './StateMark'
import './live.css'

/** What the inspector says of a node during and after a run: what limits it, its metrics, limits, waits and losses. */
export function NodeLive({ nodeId }: { nodeId: string }) {
  const shown = useRun((state) => state.shown)
  const before = useRun((state) => state.before)
  const service = useRun((state) => serviceOf(state, nodeId))
  const report = useRun((state) => state.report)
  const frame = shown?.nodes[nodeId]
  if (!shown || !frame) return <NothingYet nodeId={nodeId} />
  return (
    <div className="live-node">
      <Sentence frame={frame} nodeId={nodeId} service={service} />
      <Limits frame={frame} service={service} />
      <LiveParts nodeId={nodeId} frame={frame} />
      {service && <Metrics node={nodeId} metrics={service.metrics} now={shown} before={before} />}
      {report && <TheoryPart report={report} node={nodeId} />}
      <Causes node={nodeId} title="Waiting so far" amounts={frame.waits} unit="message-seconds" />
      <Causes node={nodeId} title="Lost so far" amounts={frame.losses} unit="messages" />
    </div>
  )
}

function NothingYet({ nodeId }: { nodeId: string }) {
  const ran = useRun((state) => state.run !== null && graphNode(state, nodeId) === undefined)
  return <p className="live-empty">{ran ? 'This node was added after the run began. Run again to see it work.' : 'Press Run to see this node’s metrics, limits and what its messages wait for.'}</p>
}

function Sentence({ frame, nodeId, service }: { frame: NodeFrame; nodeId: string; service: Service | undefined }) {
  return (
    <section className="live-sentence" data-state={frame.state} aria-label="What limits this node">
      <StateMark state={frame.state} word />
      <p>{frame.sentence ?? plainSentence(frame, service)}</p>
      {frame.culprit && <CulpritLine culprit={frame.culprit} from={nodeId} />}
    </section>
  )
}

/** What a node's state says of it where the engine has no sentence. */
function plainSentence({ state, limits }: NodeFrame, service: Service | undefined): string {
  if (state === 'idle') return 'Nothing arrives.'
  if (state === 'failing') return 'Work fails here.'
  const full = Object.entries(limits).find(([, { used, limit }]) => limit !== null && limit > 0 && used >= FULL * limit)
  if (full && state !== 'flowing') return `${full[1].title}: ${usedText(full[1], service, full[0])}, no more at once.`
  if (state === 'throttled') return 'Requests are throttled here.'
  return state === 'saturated' ? 'It works as much as it can.' : 'Nothing limits this node now.'
}

function CulpritLine({ culprit, from }: { culprit: Culprit; from: string }) {
  const title = useRun((state) => parameterTitle(serviceOf(state, culprit.node), culprit))
  const place = culprit.node === from ? 'here' : null
  if (!title && place) return null
  return <p className="live-culprit">To change{title ? ` “${title}”` : ''}: {place ? 'in this node’s properties' : <NodeLink node={culprit.node} />}{culprit.wire ? ', on its wire' : ''}</p>
}

/** The title of the parameter to change, as its schema or the schema of a wire at it calls it. */
function parameterTitle(service: Service | undefined, culprit: Culprit): string | null {
  if (!culprit.parameter) return null
  const schemas = [service?.parameters, service?.account_parameters, ...(service?.ports.map((port) => port.wire_parameters) ?? [])]
  const found = schemas.map((schema) => schema?.properties?.[culprit.parameter as string]?.title).find(Boolean)
  return found ?? culprit.parameter.replaceAll('_', ' ')
}

/** The share of a limit from which it counts as used up. */
const FULL = 0.999

function Limits({ frame, service }: { frame: NodeFrame; service: Service | undefined }) {
  const limits = Object.entries(frame.limits)
  if (limits.length === 0) return null
  return (
    <section>
      <h3 className="live-heading">Limits</h3>
      {limits.map(([name, use]) => {
        const { title, used, limit } = use
        const share = limit ? Math.min(1, used / limit) : 0
        return (
          <div key={name} className="live-limit" data-full={share >= FULL || undefined}>
            <span>{title}</span>
            <span className="live-number">{usedText(use, service, name)}{share >= FULL ? ' · full' : ''}</span>
            <span className="live-bar" role="meter" aria-label={title} aria-valuemin={0} aria-valuemax={limit ?? undefined} aria-valuenow={used}><span style={{ transform: `scaleX(${share})` }} /></span>
          </div>
        )
      })}
    </section>
  )
}

function Metrics({ node, metrics, now, before }: { node: string; metrics: readonly Metric[]; now: Frame; before: Frame | null }) {
  const [whole, setWhole] = useState(false)
  const seen = useSeen(node, metrics, now)
  const ordered = [...metrics].sort((one, other) => Number(other.primary) - Number(one.primary))
  const shown = ordered.filter((metric) => whole || metric.primary || seen.has(metric.name))
  return (
    <section>
      <h3 className="live-heading">Now</h3>
      <dl className="live-metrics">
        {shown.map((metric) => (
          <div key={metric.name} title={metric.help}>
            <dt>{metric.title}<small>{metric.name}</small></dt>
            <dd>{metricText(metric, node, now, before)}</dd>
          </div>
        ))}
      </dl>
      {(whole || shown.length < ordered.length) && <button type="button" className="live-link live-rest" aria-expanded={whole} onClick={() => setWhole(!whole)}>{whole ? 'Leave out what is zero' : `${ordered.length - shown.length} more, all zero so far`}</button>}
    </section>
  )
}

/** The metrics of a node that were other than zero since it is looked at: once in the list, they stay, so that nothing jumps. */
function useSeen(node: string, metrics: readonly Metric[], now: Frame): ReadonlySet<string> {
  const [seen] = useState(() => new Set<string>())
  for (const { name } of metrics) {
    const value = now.nodes[node]?.metrics[name]
    if (isSpread(value) ? value.count > 0 : typeof value === 'number' && value !== 0) seen.add(name)
  }
  return seen
}

function metricText(metric: Metric, node: string, now: Frame, before: Frame | null) {
  const value = now.nodes[node]?.metrics[metric.name]
  if (metric.type === 'spread') {
    if (!isSpread(value) || value.count === 0) return formatQuantity(null, metric.unit)
    return <>{formatQuantity(value.p50, metric.unit)}<small>p99 {formatQuantity(value.p99, metric.unit)}</small></>
  }
  const text = formatQuantity(metricNumber(metric, node, now, before), shownUnit(metric))
  return metric.type === 'sum' && typeof value === 'number' ? <>{text}<small>{formatQuantity(value, metric.unit)} in all</small></> : text
}

function Causes({ node, title, amounts, unit }: { node: string; title: string; amounts: Record<string, number>; unit: string }) {
  const services = useRun((state) => state.services)
  const rows = Object.entries(amounts).filter(([, amount]) => amount > 0).sort((one, other) => other[1] - one[1])
  if (rows.length === 0) return null
  const all = rows.reduce((sum, [, amount]) => sum + amount, 0)
  const state = { ...useRun.getState(), services }
  return (
    <section>
      <h3 className="live-heading">{title}</h3>
      {rows.map(([cause, amount]) => (
        <div key={cause} className="live-limit">
          <span>{causeName(state, node, cause)}</span>
          <span className="live-number" title={formatWithWord(amount, unit === 'messages' ? unit : '')}>{unit === 'messages' ? formatQuantity(amount, unit) : formatQuantity(amount / all, 'share')}</span>
          <span className="live-bar" aria-hidden="true"><span style={{ transform: `scaleX(${amount / all})` }} /></span>
        </div>
      ))}
    </section>
  )
}
