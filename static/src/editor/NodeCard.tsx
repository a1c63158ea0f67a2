/** A node on the canvas: icon, name, kind, and during a run its live strip. Its size never changes. */

import { Tooltip } from '@mantine/core'
import { Handle, Position, type NodeProps } from '@xyflow/react'
import { memo, useState } from 'react'

import { portsOf, useCatalog } from '../api/catalog'
import { ServiceIcon } from '../app/icons'
import { shortTitleOf, useNaming } from '../app/naming'
import { LivePicture, LiveStrip, useRun } from '../live'
import { worst } from './badges'
import { handlesOf } from './cards'
import { TARGET_HANDLE } from './edges'
import { nodeIn } from './graph'
import { endsAt } from './legality'
import { focusNode } from './QuickAddList'
import { useStage } from './stage'
import { MorePorts, useWired } from './MorePorts'
import { useEditor } from './store'

const CROWDED = 8

export const NodeCard = memo(function NodeCard({ id }: NodeProps) {
  const overview = useStage((state) => state.overview)
  return overview ? <FarCard id={id} /> : <NearCard id={id} />
})

/** A card among very many, seen from afar: what is drawn of it is part of one drawing (FarView); here is what can be pointed at. */
function FarCard({ id }: { id: string }) {
  const node = useEditor((state) => nodeIn(state.graph, id))
  const services = useCatalog((state) => state.services)
  if (!node) return null
  return (
    <div className="far-card">
      {handlesOf(services[node.kind] ? portsOf(services, node) : null).map(({ id: port, type, position, x, y, width, height }) => (
        // React Flow measures where ports are when a card appears, and draws no wire at a port it has not found.
        <i key={`${type} ${port}`} className={`far-port ${type}`} data-handleid={port} data-handlepos={position} style={{ left: x, top: y, width: width ?? 0, height: height ?? 0 }} />
      ))}
    </div>
  )
}

function NearCard({ id }: { id: string }) {
  const node = useEditor((state) => nodeIn(state.graph, id))
  const service = useCatalog((state) => (node ? state.services[node.kind] : undefined))
  const services = useCatalog((state) => state.services)
  const wiring = useEditor((state) => {
    if (!state.wiring || state.wiring.node === id) return null
    return 'from' in endsAt(services, state.graph, state.wiring, id) ? 'legal' : 'illegal'
  })
  const badge = useEditor((state) => {
    const found = worst(state.findings, id)
    return found ? `${found.severity}|${found.text}` : ''
  })
  const wired = useWired(id)
  const neutral = useNaming((state) => state.neutral)
  const renaming = useStage((state) => state.renaming === id)
  const running = useRun((state) => state.shown !== null && state.shown.nodes[id] !== undefined)
  if (!node) return null
  const [severity, text] = badge.split(/\|(.*)/s)
  const ports = portsOf(services, node)
  const outputs = ports.filter((port) => port.direction === 'out')
  const main = outputs.filter((port) => port.role === 'main')
  const failure = outputs.filter((port) => port.role === 'failure')
  const crowded = main.length > CROWDED
  const takes = !service || ports.some((port) => port.direction === 'in')
  return (
    <div className="card" data-wiring={wiring ?? undefined} data-idle={!running || undefined} data-unknown={!service || undefined} data-dense={main.length > 4 || undefined} data-crowded={crowded || undefined}>
      <div className="card-head">
        <ServiceIcon kind={node.kind} size={28} />
        <div className="card-words">
          {renaming ? <NameField id={id} name={node.name} /> : <div className="card-name" title={node.name} onDoubleClick={() => startRenaming(id)}>{node.name || node.id}</div>}
          {running ? <LivePicture nodeId={id} /> : <div className="card-kind">{service ? shortTitleOf(service, neutral) : `Unknown kind: ${node.kind}`}</div>}
        </div>
      </div>
      {running && <LiveStrip nodeId={id} />}
      {badge && <Tooltip label={text} multiline maw={320} withArrow><span className={`card-badge finding-${severity}`} role="img" aria-label={`${severity}: ${text}`}>!</span></Tooltip>}
      {takes && <Handle type="target" id={TARGET_HANDLE} position={Position.Left} role="img" aria-label={`Into ${node.name}`} />}
      {crowded && <MorePorts id={id} name={node.name || node.id} ports={main} wired={wired} />}
      {main.map((port, index) => (!crowded || wired.has(port.name)) && (
        <Handle key={port.name} type="source" id={port.name} position={Position.Right} style={{ top: `${((index + 1) * 100) / (main.length + 1)}%` }} role="img" title={`${port.title}: ${port.help}`} aria-label={`${node.name}: ${port.title}`} />
      ))}
      {failure.map((port, index) => (
        <Handle key={port.name} type="source" id={port.name} className="failure" position={Position.Bottom} style={{ left: `${((index + 1) * 100) / (failure.length + 1)}%` }} role="img" title={`${port.title}: ${port.help}`} aria-label={`${node.name}: ${port.title}`} />
      ))}
    </div>
  )
}

/** Type a node's name on its card, if the diagram may be changed. */
export function startRenaming(id: string): void {
  if (useEditor.getState().readOnly) return
  if (useStage.getState().overview) useStage.setState({ reason: { text: 'Zoom in to rename: what is typed could not be read from here.', from: null, to: '', bridges: [] } })
  else useStage.setState({ renaming: id })
}

function NameField({ id, name }: { id: string; name: string }) {
  const [text, setText] = useState(name)
  const done = (keep: boolean) => {
    useStage.setState({ renaming: null })
    if (keep && text.trim() && text !== name) useEditor.getState().rename(id, text.trim())
    focusNode(id)
  }
  return (
    <input
      className="card-rename nodrag nopan" aria-label="New name" value={text} maxLength={200} autoFocus autoComplete="off" onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setText(event.currentTarget.value)} onBlur={() => { if (useStage.getState().renaming === id) done(true) }}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key === 'Enter') done(true)
        if (event.key === 'Escape') done(false)
      }}
    />
  )
}

/** The original of a node while a copy of it is dragged. */
export const StayingCard = memo(function StayingCard({ data }: NodeProps) {
  const node = useEditor((state) => nodeIn(state.graph, String(data['node'])))
  if (!node) return null
  return <div className="card" data-idle><div className="card-head"><ServiceIcon kind={node.kind} size={28} /><div className="card-words"><div className="card-name">{node.name || node.id}</div></div></div></div>
})
