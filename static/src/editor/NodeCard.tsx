/** A node on the canvas: icon, name, kind, and during a run its live strip. Its size never changes. */

import { Tooltip } from '@mantine/core'
import { Handle, Position, type NodeProps } from '@xyflow/react'
import { memo } from 'react'

import { useCatalog } from '../api/catalog'
import type { Finding } from '../api/types'
import { ServiceIcon } from '../app/icons'
import { LiveStrip, useRun } from '../live'
import { landing } from './legality'
import { useEditor } from './store'

export const TARGET_HANDLE = 'target'

const SEVERITIES = ['error', 'warning'] as const

function worst(findings: Finding[], id: string): { severity: Finding['severity']; text: string } | null {
  const mine = findings.filter((finding) => finding.node === id)
  for (const severity of SEVERITIES) {
    const found = mine.filter((finding) => finding.severity === severity)
    if (found.length) return { severity, text: found.map((finding) => finding.message).join('\n') }
  }
  return null
}

export const NodeCard = memo(function NodeCard({ id }: NodeProps) {
  const node = useEditor((state) => state.graph.nodes.find((found) => found.id === id))
  const service = useCatalog((state) => (node ? state.services[node.kind] : undefined))
  const services = useCatalog((state) => state.services)
  const wiring = useEditor((state) => {
    if (!state.wiring || state.wiring.node === id) return null
    return landing(services, state.graph, state.wiring, id).reason === null ? 'legal' : 'illegal'
  })
  const badge = useEditor((state) => {
    const found = worst(state.findings, id)
    return found ? `${found.severity}|${found.text}` : ''
  })
  const running = useRun((state) => state.shown !== null && state.shown.nodes[id] !== undefined)
  if (!node) return null
  const [severity, text] = badge.split(/\|(.*)/s)
  const outputs = service?.ports.filter((port) => port.direction === 'out') ?? []
  const main = outputs.filter((port) => port.role === 'main')
  const failure = outputs.filter((port) => port.role === 'failure')
  const takes = !service || service.ports.some((port) => port.direction === 'in')
  return (
    <div className="card" data-wiring={wiring ?? undefined} data-idle={!running || undefined} data-unknown={!service || undefined}>
      <div className="card-head">
        <ServiceIcon kind={node.kind} size={28} />
        <div className="card-words">
          <div className="card-name" title={node.name}>{node.name || node.id}</div>
          <div className="card-kind">{service?.short_title ?? `Unknown kind: ${node.kind}`}</div>
        </div>
      </div>
      {running && <LiveStrip nodeId={id} />}
      {badge && <Tooltip label={text} multiline maw={320} withArrow><span className={`card-badge finding-${severity}`} role="img" aria-label={`${severity}: ${text}`}>!</span></Tooltip>}
      {takes && <Handle type="target" id={TARGET_HANDLE} position={Position.Left} role="img" aria-label={`Into ${node.name}`} />}
      {main.map((port, index) => (
        <Handle key={port.name} type="source" id={port.name} position={Position.Right} style={{ top: `${((index + 1) * 100) / (main.length + 1)}%` }} role="img" title={`${port.title}: ${port.help}`} aria-label={`${node.name}: ${port.title}`} />
      ))}
      {failure.map((port, index) => (
        <Handle key={port.name} type="source" id={port.name} className="failure" position={Position.Bottom} style={{ left: `${((index + 1) * 100) / (failure.length + 1)}%` }} role="img" title={`${port.title}: ${port.help}`} aria-label={`${node.name}: ${port.title}`} />
      ))}
    </div>
  )
})
