/** The canvas: cards and wires on React Flow, drawn from the store; every gesture ends as one change of the graph. */

import { Button, Text, useComputedColorScheme } from '@mantine/core'
import { useReducedMotion } from '@mantine/hooks'
import {
  Background, BackgroundVariant, ConnectionMode, Controls, MiniMap, ReactFlow, SelectionMode, useReactFlow, type Connection, type Edge, type FinalConnectionState,
  type Node, type NodeChange, type EdgeChange,
} from '@xyflow/react'
import '@xyflow/react/dist/style.css'
import { useCallback, useEffect, useMemo, useRef, useState, type DragEvent } from 'react'

import { portOf, useCatalog } from '../api/catalog'
import type { Graph, Service } from '../api/types'
import { useSelection } from '../live'
import { CARD, GRID, positionOf, snap, type Point } from './graph'
import { landing } from './legality'
import { NodeCard, TARGET_HANDLE } from './NodeCard'
import { boxes, route, type Box, type Side } from './routing'
import { useEditor } from './store'
import { WireEdge, type WireData } from './WireEdge'

const nodeTypes = { card: NodeCard }
const edgeTypes = { wire: WireEdge }
export const DRAG_KIND = 'application/x-backwater-kind'
export const DRAG_PRESET = 'application/x-backwater-preset'

/** Where on a card's border a port sits. */
export function anchor(service: Service | undefined, port: string, at: Point): { point: Point; side: Side; failure: boolean } {
  const outputs = service?.ports.filter((found) => found.direction === 'out') ?? []
  const failing = outputs.filter((found) => found.role === 'failure')
  const main = outputs.filter((found) => found.role === 'main')
  const failure = failing.findIndex((found) => found.name === port)
  if (failure >= 0) return { point: [at[0] + Math.round(((failure + 1) * CARD.width) / (failing.length + 1)), at[1] + CARD.height], side: 'bottom', failure: true }
  const place = Math.max(0, main.findIndex((found) => found.name === port))
  return { point: [at[0] + CARD.width, at[1] + Math.round(((place + 1) * CARD.height) / (main.length + 1))], side: 'right', failure: false }
}

const SHOWN_VALUES = 2

/** What differs from the default on a wire, in a few words. */
function labelOf(graph: Graph, services: Record<string, Service>, id: string): string {
  const wire = graph.wires.find((found) => found.id === id)
  const values = Object.entries(wire?.parameters ?? {})
  if (!wire || values.length === 0) return ''
  const kind = (node: string) => graph.nodes.find((found) => found.id === node)?.kind
  const schema = portOf(services, kind(wire.from.node), wire.from.port)?.wire_parameters ?? portOf(services, kind(wire.to.node), wire.to.port)?.wire_parameters
  return values
    .slice(0, SHOWN_VALUES)
    .map(([name, value]) => {
      const title = (schema?.properties?.[name]?.title ?? name).toLowerCase()
      if (value === true) return title
      return typeof value === 'object' && value !== null ? title : `${title} ${String(value)}`
    })
    .join(' · ')
}

function edgesOf(graph: Graph, services: Record<string, Service>, places: Record<string, Point>, routed: boolean): Edge<WireData>[] {
  const obstacles: Box[] = Object.values(boxes(places))
  return graph.wires.flatMap((wire) => {
    const [from, to] = [places[wire.from.node], places[wire.to.node]]
    if (!from || !to) return []
    const kind = graph.nodes.find((node) => node.id === wire.from.node)?.kind ?? ''
    const { point, side, failure } = anchor(services[kind], wire.from.port, from)
    const points = route(point, side, [to[0], to[1] + CARD.height / 2], routed ? obstacles : [])
    const nameOf = (id: string) => graph.nodes.find((node) => node.id === id)?.name ?? id
    return [{
      id: wire.id, source: wire.from.node, sourceHandle: wire.from.port, target: wire.to.node, targetHandle: TARGET_HANDLE, type: 'wire',
      data: { points, failure, label: labelOf(graph, services, wire.id) }, ariaLabel: `Wire from ${nameOf(wire.from.node)} to ${nameOf(wire.to.node)}`,
    }]
  })
}

export function Canvas() {
  const graph = useEditor((state) => state.graph)
  const readOnly = useEditor((state) => state.readOnly)
  const selection = useEditor((state) => state.selection)
  const services = useCatalog((state) => state.services)
  const flow = useReactFlow()
  const reduced = useReducedMotion()
  const scheme = useComputedColorScheme('light')
  const [dragged, setDragged] = useState<Record<string, Point> | null>(null)
  const [reason, setReason] = useState<string | null>(null)
  // An empty canvas stays where it is: fitting it to the first node would move that away from the pointer.
  const [drawn] = useState(() => graph.nodes.length > 0)
  const element = useRef<HTMLDivElement>(null)
  const reveal = useSelection((state) => state.asked)

  const places = useMemo(() => Object.fromEntries(graph.nodes.map((node) => [node.id, dragged?.[node.id] ?? positionOf(graph, node.id)])), [graph, dragged])
  const nodes: Node[] = useMemo(
    () => graph.nodes.map((node) => ({
      id: node.id, type: 'card', position: { x: places[node.id]![0], y: places[node.id]![1] }, width: CARD.width, height: CARD.height, data: {},
      selected: selection.nodes.has(node.id), ariaLabel: `${node.name || node.id}, ${services[node.kind]?.title ?? node.kind}`,
    })),
    [graph.nodes, places, selection.nodes, services],
  )
  const routes = useMemo(() => edgesOf(graph, services, places, dragged === null), [graph, services, places, dragged])
  const edges = useMemo(() => routes.map((edge) => ({ ...edge, selected: selection.wires.has(edge.id) })), [routes, selection.wires])

  useEffect(() => {
    if (!reason) return undefined
    const timer = window.setTimeout(() => setReason(null), 7000)
    return () => window.clearTimeout(timer)
  }, [reason])

  // A link anywhere on the page may ask for a node: select it and bring it into view.
  useEffect(() => {
    const node = useSelection.getState().node
    if (reveal === 0 || !node || !useEditor.getState().graph.nodes.some((found) => found.id === node)) return
    useEditor.getState().select([node])
    void flow.fitView({ nodes: [{ id: node }], maxZoom: flow.getZoom(), minZoom: flow.getZoom(), duration: reduced ? 0 : 250 })
  }, [reveal, flow, reduced])

  useEffect(() => {
    useSelection.getState().follow(selection.nodes.size === 1 ? [...selection.nodes][0]! : null)
  }, [selection])

  const onNodesChange = useCallback((changes: NodeChange[]) => {
    const editor = useEditor.getState()
    const picked = new Set(editor.selection.nodes)
    const moved: Record<string, Point> = {}
    let reselected = false
    let done = false
    for (const change of changes) {
      if (change.type === 'select') {
        reselected = true
        if (change.selected) picked.add(change.id)
        else picked.delete(change.id)
      } else if (change.type === 'position' && change.position && !editor.readOnly) {
        moved[change.id] = [change.position.x, change.position.y]
        done ||= change.dragging === false
      }
    }
    if (reselected) editor.select(picked, picked.size ? editor.selection.wires : editor.selection.wires)
    if (Object.keys(moved).length === 0) return
    if (!done) {
      setDragged((before) => ({ ...before, ...moved }))
      return
    }
    setDragged(null)
    const changed = Object.entries(moved).filter(([id, [x, y]]) => {
      const [oldX, oldY] = positionOf(editor.graph, id)
      return oldX !== x || oldY !== y
    })
    if (changed.length) editor.move(Object.fromEntries(changed.map(([id, [x, y]]) => [id, [snap(x), snap(y)] as Point])))
  }, [])

  const onEdgesChange = useCallback((changes: EdgeChange[]) => {
    const editor = useEditor.getState()
    const picked = new Set(editor.selection.wires)
    for (const change of changes) {
      if (change.type === 'select') {
        if (change.selected) picked.add(change.id)
        else picked.delete(change.id)
      }
    }
    editor.select(editor.selection.nodes, picked)
  }, [])

  const tryConnect = useCallback((node: string, port: string, target: string) => {
    const editor = useEditor.getState()
    const found = landing(useCatalog.getState().services, editor.graph, { node, port }, target)
    if (found.reason !== null) setReason(found.reason)
    else editor.connect({ node, port }, { node: target, port: found.port })
  }, [])

  const onConnect = useCallback(
    ({ source, sourceHandle, target }: Connection) => { if (sourceHandle) tryConnect(source, sourceHandle, target) },
    [tryConnect],
  )

  const onConnectEnd = useCallback((event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
    const wiring = useEditor.getState().wiring
    useEditor.getState().setWiring(null)
    if (!wiring || state.toHandle) return
    const { clientX, clientY } = 'changedTouches' in event ? event.changedTouches[0]! : event
    const card = document.elementsFromPoint(clientX, clientY).map((found) => found.closest('.react-flow__node')).find(Boolean)
    const target = card?.getAttribute('data-id')
    if (target) tryConnect(wiring.node, wiring.port, target)
  }, [tryConnect])

  const onDrop = (event: DragEvent) => {
    event.preventDefault()
    const kind = event.dataTransfer.getData(DRAG_KIND)
    if (!kind) return
    const { x, y } = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY })
    useEditor.getState().addNode(kind, [x - CARD.width / 2, y - CARD.height / 2], event.dataTransfer.getData(DRAG_PRESET))
  }

  return (
    <div className="canvas" ref={element} onDrop={onDrop} onDragOver={(event) => { event.preventDefault(); event.dataTransfer.dropEffect = 'copy' }} role="region" aria-label="Diagram">
      <ReactFlow
        nodes={nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes} onNodesChange={onNodesChange} onEdgesChange={onEdgesChange}
        onConnect={onConnect} onConnectEnd={onConnectEnd}
        onConnectStart={(_, { nodeId, handleId, handleType }) => { if (nodeId && handleId && handleType === 'source') useEditor.getState().setWiring({ node: nodeId, port: handleId }) }}
        connectionMode={ConnectionMode.Strict} nodesDraggable={!readOnly} nodesConnectable={!readOnly} deleteKeyCode={null} selectionKeyCode={null} selectionOnDrag={false}
        multiSelectionKeyCode={['Shift', 'Meta', 'Control']} selectionMode={SelectionMode.Partial} snapToGrid snapGrid={[GRID / 2, GRID / 2]} minZoom={0.15} maxZoom={2.5}
        fitView={drawn} fitViewOptions={{ padding: 0.15, maxZoom: 1 }} connectionRadius={24} zoomOnDoubleClick={false} onPaneClick={() => setReason(null)} colorMode={scheme}
        nodesFocusable edgesFocusable disableKeyboardA11y
      >
        <Background variant={BackgroundVariant.Dots} gap={GRID} size={1.5} color="var(--dot)" />
        <Controls showInteractive={false} position="bottom-left" />
        <MiniMap pannable zoomable position="bottom-right" style={{ width: 140, height: 90 }} nodeColor="var(--grey)" maskColor="color-mix(in srgb, var(--subtle) 70%, transparent)" ariaLabel="Overview of the diagram" />
      </ReactFlow>
      {graph.nodes.length === 0 && <EmptyCanvas />}
      {reason && <div className="wiring-reason" role="alert">{reason}</div>}
    </div>
  )
}

function EmptyCanvas() {
  const load = () => {
    const { services } = useCatalog.getState()
    const source = Object.values(services).find((service) => !service.ports.some((port) => port.direction === 'in'))
    if (source) useEditor.getState().addNode(source.kind, [80, 120])
  }
  return (
    <div className="canvas-empty">
      <div>
        <Text fw={650} size="lg">Begin with what sends messages</Text>
        <Text c="dimmed" size="sm" mt={4} mb={12}>Drag a source of traffic from the left, then a queue or a topic, and draw a wire from one card’s right edge to the next card. Then press Run.</Text>
        <Button variant="default" size="xs" onClick={load}>Place a source of traffic</Button>
      </div>
    </div>
  )
}
