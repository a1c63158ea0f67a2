/** The diagram as text, in the order of the flow: every node, what is set on it, where its wires lead. What is chosen here is selected on the canvas and brought into view. */

import { Text } from '@mantine/core'
import { useReactFlow } from '@xyflow/react'

import { portOf, useCatalog } from '../api/catalog'
import type { Graph, GraphWire, Service } from '../api/types'
import { shortTitleOf, useNaming } from '../app/naming'
import { counted } from '../format'
import { settingsWords } from '../forms/words'
import { useSelection } from '../live'
import { GROUP_WORDS, groupsOf, notesOf } from './annotations'
import { flowOrder } from './flow'
import { wireSchema } from './legality'
import { useEditor } from './store'
import { show, type Stop } from './walk'

export function Outline() {
  const graph = useEditor((state) => state.graph)
  const services = useCatalog((state) => state.services)
  const flow = useReactFlow()
  const bring = (stop: Stop) => show(stop, flow, 0)
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
  if (graph.nodes.length === 0) return <div className="panel-scroll" role="region" aria-label="Outline" tabIndex={0}><Text size="sm" c="dimmed">Nothing is drawn yet. Press / to add a node.</Text></div>
  return (
    <div className="panel-scroll" role="region" aria-label="Outline" tabIndex={0}>
      <Text size="xs" c="dimmed" mb={6}>{counted(graph.nodes.length, 'node')}, {counted(graph.wires.length, 'wire')}, in the order messages flow</Text>
      <ul className="outline">
        {groupsOf(graph).map((group) => <li key={group.id}><button type="button" onClick={() => bring({ kind: 'node', id: `group:${group.id}` })}><b>{group.title}</b> <span>{GROUP_WORDS[group.kind]}</span></button><p>holds {group.members.map((id) => nodes.get(id)?.name || id).join(', ')}</p></li>)}
        {notesOf(graph).map((note) => <li key={note.id}><button type="button" onClick={() => bring({ kind: 'node', id: note.id })}><b>Note</b> <span>{note.text}</span></button></li>)}
        {flowOrder(graph).map((id) => <OutlineNode key={id} id={id} graph={graph} services={services} nameOf={(other) => nodes.get(other)?.name || other} />)}
      </ul>
    </div>
  )
}

interface Shown { graph: Graph; services: Record<string, Service>; nameOf: (id: string) => string }

function OutlineNode({ id, graph, services, nameOf }: Shown & { id: string }) {
  const selected = useEditor((state) => state.selection.nodes.has(id))
  const findings = useEditor((state) => state.findings)
  const node = graph.nodes.find((found) => found.id === id)!
  const service = services[node.kind]
  const neutral = useNaming((state) => state.neutral)
  const set = settingsWords(node.parameters, service?.parameters)
  const wires = graph.wires.filter((wire) => wire.from.node === id)
  return (
    <li>
      <button type="button" aria-pressed={selected} onClick={() => useSelection.getState().select(id)}><b>{nameOf(id)}</b> <span>{service ? shortTitleOf(service, neutral) : `unknown kind ${node.kind}`}</span></button>
      {set && <p>{set}</p>}
      {findings.filter((finding) => finding.node === id && finding.severity !== 'note').map((finding) => <p key={finding.message} className={`finding-${finding.severity}`}>{finding.severity}: {finding.message}</p>)}
      {wires.length > 0 && <ul>{wires.map((wire) => <OutlineWire key={wire.id} wire={wire} graph={graph} services={services} nameOf={nameOf} />)}</ul>}
    </li>
  )
}

function OutlineWire({ wire, graph, services, nameOf }: Shown & { wire: GraphWire }) {
  const flow = useReactFlow()
  const selected = useEditor((state) => state.selection.wires.has(wire.id))
  const port = portOf(services, graph.nodes.find((node) => node.id === wire.from.node), wire.from.port)
  const set = settingsWords(wire.parameters, wireSchema(services, graph, wire).schema)
  return (
    <li>
      <button type="button" aria-pressed={selected} onClick={() => show({ kind: 'wire', id: wire.id }, flow, 0)}>{port?.title ?? wire.from.port} → {nameOf(wire.to.node)}</button>
      {set && <p>{set}</p>}
    </li>
  )
}
