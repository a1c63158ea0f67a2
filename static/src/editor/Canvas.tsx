/** The canvas: cards and wires on React Flow, drawn from the store; every gesture ends as one change of the graph. */

import { useComputedColorScheme } from '@mantine/core'
import { useMediaQuery, useReducedMotion } from '@mantine/hooks'
import {
  Background, BackgroundVariant, ConnectionMode, Controls, MiniMap, ReactFlow, SelectionMode, useReactFlow, useStoreApi, type Edge, type Node, type NodeChange, type EdgeChange,
} from '@xyflow/react'
import '@xyflow/react/dist/style.css'
import { useCallback, useEffect, useMemo, useState, type DragEvent, type MouseEvent as ReactMouseEvent, type PointerEvent } from 'react'
import { useShallow } from 'zustand/react/shallow'

import { useCatalog } from '../api/catalog'
import { FlowLayer, FlowLegend, HoverCard, point, pointFocused, unpoint, useSelection, viewMotion } from '../live'
import { groupsOf, notesOf, type Group } from './annotations'
import { Announcer } from './Announcer'
import { Cards, stayingCard } from './cards'
import { CanvasMenu } from './CanvasMenu'
import type { Command } from './commands'
import { beginDrag, followDrag } from './dragging'
import { EmptyCanvas } from './EmptyCanvas'
import { FIT, fitAll, SMALLEST } from './fitting'
import { edgesOf, followed, type WireData } from './edges'
import { addNode, CARD, GRID, positionOf, type Point } from './graph'
import { FarView } from './FarView'
import { FindBar } from './FindBar'
import { FoldedGroup, GroupBox, NoteCard } from './GroupBox'
import { foldedInto, foldedPlaces, groupNodes, groupOn, groupsDrawn, notesDrawn, standsFor } from './groupNodes'
import { GuideLines } from './GuideLines'
import { KeyboardWalk, WalkEnd } from './KeyboardWalk'
import { NodeCard, StayingCard } from './NodeCard'
import { fileOf, openFile } from './opening'
import { landing } from './placing'
import { nearestWire } from './nearest'
import { openQuickAdd } from './quickAdd'
import { QuickAddList } from './QuickAddList'
import { RefusedWire } from './RefusedWire'
import { splice, wireUnder } from './rewire'
import { pointer, useStage, type MenuAt } from './stage'
import { useEditor } from './store'
import { WireEdge } from './WireEdge'
import { beginReconnect, beginWire, dropWire, hoverWire } from './wiring'

const nodeTypes = { card: NodeCard, staying: StayingCard, box: GroupBox, folded: FoldedGroup, note: NoteCard }
const edgeTypes = { wire: WireEdge }

/** Whether a node moves with everyone in a group it is in. */
const allMove = (groups: readonly Group[], id: string, moving: Record<string, Point>) => groups.some((group) => group.members.includes(id) && group.members.every((member) => member in moving))

/** What moves, with the cards of folded groups whose members move. */
const withFolded = (moving: Record<string, Point>, folded: Record<string, string>) => ({ ...moving, ...Object.fromEntries(Object.entries(moving).flatMap(([id, place]) => (folded[id] ? [[folded[id], place]] : []))) })

/** From so many nodes on, only those in view are drawn. */
const MANY = 150

/** While the view moves, the drawing is moved as a whole instead of being drawn anew; it is drawn sharply when the view rests. */
function moves(moving: boolean): void {
  viewMotion.moving = moving
  document.querySelector('.canvas')?.toggleAttribute('data-moving', moving)
}

/** So near a wire, a click is meant for it where wires are too thin to be hit. */
const REACH_PX = 6

/** Below this zoom, nobody can read: only what can be made out is drawn. */
const FAR = 0.35

/** What somebody asks to see is brought at least so near: its name can be read. */
const LEGIBLE = 0.6

/**
 * Note how far away the diagram is. A large one seen from afar is an overview: simple cards and wires, all of them drawn, so that moving the view changes nothing.
 * Once it is, it stays one until the view rests: to change hundreds of cards takes long enough to be felt in the middle of a movement.
 */
function seenFrom(zoom: number, rests: boolean): void {
  const overview = useEditor.getState().graph.nodes.length > MANY && (zoom < FAR || (useStage.getState().overview && !rests))
  document.querySelector('.canvas')?.toggleAttribute('data-far', overview || zoom < FAR)
  document.querySelector('.canvas')?.toggleAttribute('data-overview', overview)
  if (overview !== useStage.getState().overview) useStage.setState({ overview })
}

/** Boxes and notes are faint on the overview, so that what is in them shows. */
const overviewColour = ({ type }: Node) => (type === 'box' ? 'var(--subtle)' : type === 'note' ? 'var(--line)' : 'var(--grey)')

/** Whether it is the blank canvas that is pointed at. */
const onPane = (target: EventTarget) => (target as Element).classList.contains('react-flow__pane')

const ignore = () => undefined

/** The wire that would take up a new node of this kind at this place. */
function wireFor(kind: string, at: Point, routes: Edge<WireData>[]): string | null {
  const { graph } = useEditor.getState()
  const { services } = useCatalog.getState()
  const wire = wireUnder(at, routes.map((edge) => ({ id: edge.id, points: edge.data!.points })))
  if (!wire || !services[kind]) return null
  const [placed, id] = addNode(graph, services[kind], at)
  return splice(placed, services, id, wire) ? wire : null
}

/** Open the menu of what is pointed at; it is selected first, unless it is part of what is. */
function openMenu(event: MouseEvent | ReactMouseEvent, of: MenuAt['of'], id?: string): void {
  event.preventDefault()
  const { graph, selection, select } = useEditor.getState()
  const nodes = of === 'node' ? standsFor(graph, id!) : []
  if (nodes.some((node) => !selection.nodes.has(node))) select(nodes)
  if (of === 'wire') select([], [id!])
  useStage.setState({ menu: { x: event.clientX, y: event.clientY, of: of === 'node' && groupOn(graph, id!) ? 'box' : of } })
}

export function Canvas({ commands }: { commands: readonly Command[] }) {
  const graph = useEditor((state) => state.graph)
  const readOnly = useEditor((state) => state.readOnly)
  const selection = useEditor((state) => state.selection)
  const services = useCatalog((state) => state.services)
  const flow = useReactFlow()
  const overview = useStage((state) => state.overview)
  const flowStore = useStoreApi()
  const reduced = useReducedMotion()
  const scheme = useComputedColorScheme('light')
  const touch = useMediaQuery('(pointer: coarse)')
  const { moving, copied, guides, boxed } = useStage(useShallow(({ moving, copied, guides, boxed }) => ({ moving, copied, guides, boxed })))
  // An empty canvas stays where it is: fitting it to the first node would move that away from the pointer.
  const [drawn] = useState(() => graph.nodes.length > 0)
  const reveal = useSelection((state) => state.asked)

  const places = useMemo(() => Object.fromEntries(graph.nodes.map((node) => [node.id, positionOf(graph, node.id)])), [graph])
  const moved = useMemo(() => (moving ? { ...places, ...moving } : places), [places, moving])
  const [cards] = useState(() => new Cards())
  const groups = useMemo(() => groupsOf(graph), [graph])
  const folded = useMemo(() => foldedInto(groups), [groups])
  // While single nodes are dragged, the boxes they may leave stay round the others.
  const boxPlaces = useMemo(() => (moving && !boxed ? Object.fromEntries(Object.entries(moved).filter(([id]) => !(id in moving) || allMove(groups, id, moving))) : moved), [moved, moving, boxed, groups])
  const boxNodes = useMemo(() => groupsDrawn(graph, boxPlaces, !readOnly, selection.nodes), [graph, boxPlaces, readOnly, selection.nodes])
  useEffect(() => { if (!moving) groupNodes.set(boxNodes, groups) }, [boxNodes, groups, moving])
  const nodes = useMemo(
    () => [
      ...boxNodes, ...copied.flatMap((id) => (places[id] && !folded[id] ? [stayingCard(id, places[id])] : [])),
      ...cards.of(graph.nodes.filter((node) => !folded[node.id]), moved, selection.nodes, services), ...notesDrawn(graph, moved, selection.nodes),
    ],
    [cards, graph, boxNodes, folded, copied, places, moved, selection.nodes, services],
  )
  const shown = useCallback((at: Record<string, Point>) => ({ ...Object.fromEntries(Object.entries(at).filter(([id]) => !folded[id])), ...foldedPlaces(groups, at) }), [folded, groups])
  const routes = useMemo(() => edgesOf(graph, services, shown(places), folded), [graph, services, places, shown, folded])
  const drawnRoutes = useMemo(() => (moving ? followed(routes, graph, services, shown(moved), withFolded(moving, folded), folded) : routes), [routes, graph, services, moved, moving, shown, folded])
  // From afar, only selected wires are more than a line among lines.
  const edges = useMemo(
    () => drawnRoutes.flatMap((edge) => (selection.wires.has(edge.id) ? { ...edge, selected: true } : overview ? [] : edge)),
    [drawnRoutes, selection.wires, overview],
  )

  const flowing = useMemo(() => drawnRoutes.map((edge) => ({ id: edge.id, points: edge.data!.points })), [drawnRoutes])

  // A link anywhere on the page may ask for a node: select it and bring it into view.
  useEffect(() => {
    const node = useSelection.getState().node
    if (reveal === 0 || !node || !useEditor.getState().graph.nodes.some((found) => found.id === node)) return
    useEditor.getState().select([node])
    const zoom = Math.max(flow.getZoom(), LEGIBLE)
    void flow.fitView({ nodes: [{ id: foldedInto(groupsOf(useEditor.getState().graph))[node] ?? node }], maxZoom: zoom, minZoom: zoom, duration: reduced ? 0 : 250 })
  }, [reveal, flow, reduced])

  useEffect(() => {
    useSelection.getState().follow(selection.nodes.size === 1 ? [...selection.nodes][0]! : null)
  }, [selection])

  const onNodesChange = useCallback((changes: NodeChange[]) => {
    const editor = useEditor.getState()
    const picked = new Set(editor.selection.nodes)
    let reselected = false
    for (const change of changes) {
      if (change.type !== 'select') continue
      reselected = true
      for (const id of standsFor(editor.graph, change.id)) {
        if (change.selected) picked.add(id)
        else picked.delete(id)
      }
    }
    if (reselected) editor.select(picked, editor.selection.wires)
    followDrag(changes, flow.getZoom(), routes)
  }, [flow, routes])

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

  const placeOf = (event: MouseEvent | TouchEvent): Point => {
    const { clientX, clientY } = 'changedTouches' in event ? event.changedTouches[0]! : event
    const { x, y } = flow.screenToFlowPosition({ x: clientX, y: clientY })
    return [x, y]
  }

  /** The place of a card whose centre is at a point of the window. */
  const cardAt = (clientX: number, clientY: number): Point => {
    const { x, y } = flow.screenToFlowPosition({ x: clientX, y: clientY })
    return [x - CARD.width / 2, y - CARD.height / 2]
  }
  const hover = (clientX: number, clientY: number) => {
    const { fromPalette, splicing } = useStage.getState()
    const found = fromPalette && wireFor(fromPalette.kind, cardAt(clientX, clientY), routes)
    if (found !== splicing) useStage.setState({ splicing: found })
  }
  const drop = (clientX: number, clientY: number) => {
    const { fromPalette } = useStage.getState()
    if (!fromPalette || readOnly) return
    const at = cardAt(clientX, clientY)
    useStage.setState({ splicing: null, fromPalette: null })
    useEditor.getState().addNode(fromPalette.kind, at, fromPalette.preset, wireFor(fromPalette.kind, at, routes))
  }
  useEffect(() => {
    landing.canvas = { hover, drop }
    return () => { landing.canvas = null }
  })
  const onDrop = (event: DragEvent) => {
    event.preventDefault()
    const file = fileOf(event.dataTransfer)
    if (file) {
      void openFile(file).then((text) => { if (text) useStage.setState({ reason: { text, from: null, to: '', bridges: [] } }) })
      return
    }
    drop(event.clientX, event.clientY)
  }
  const onDragOver = (event: DragEvent) => {
    event.preventDefault()
    event.dataTransfer.dropEffect = 'copy'
    hover(event.clientX, event.clientY)
  }
  const onPointerMove = (event: PointerEvent) => {
    const { x, y } = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY })
    pointer.at = [x, y]
    hoverWire(event.clientX, event.clientY)
    if (overview && onPane(event.target)) pointAtFarWire(event)
  }
  // React Flow hears no keys that are pressed while a field has the keyboard.
  const onPointerDown = ({ shiftKey, ctrlKey, metaKey }: PointerEvent) => flowStore.setState({ multiSelectionActive: shiftKey || ctrlKey || metaKey })
  // A click on one of several selected nodes leaves that one selected; React Flow would keep them all.
  const onNodeClick = ({ shiftKey, ctrlKey, metaKey }: ReactMouseEvent, { id, selectable }: Node) => {
    const { graph: now, selection: picked, select } = useEditor.getState()
    if (!shiftKey && !ctrlKey && !metaKey && selectable !== false && (picked.nodes.size + picked.wires.size > 1 || groupOn(now, id))) select(standsFor(now, id))
  }
  const fitClear = () => {
    seenFrom(flow.getZoom(), true)
    if (drawn) void fitAll(flow, true).then(() => seenFrom(flow.getZoom(), true))
  }
  const farWire = (event: MouseEvent) => (overview ? nearestWire(placeOf(event), routes, REACH_PX / flow.getZoom()) : null)
  const onPaneClick = (event: ReactMouseEvent) => {
    useStage.setState({ reason: null })
    const wire = farWire(event.nativeEvent)
    if (wire) useEditor.getState().select([], [wire])
  }
  const pointAtFarWire = (event: PointerEvent) => {
    const wire = event.buttons === 0 && farWire(event.nativeEvent)
    if (wire) point('wire', wire, { left: event.clientX, top: event.clientY, bottom: event.clientY })
    else unpoint()
  }
  const onPaneMenu = (event: ReactMouseEvent | MouseEvent) => {
    const wire = farWire('nativeEvent' in event ? event.nativeEvent : event)
    openMenu(event, wire ? 'wire' : 'canvas', wire ?? undefined)
  }
  const onDoubleClick = (event: ReactMouseEvent) => {
    if (onPane(event.target)) openQuickAdd(placeOf(event.nativeEvent))
  }

  const empty = graph.nodes.length === 0 && notesOf(graph).length === 0
  return (
    <div className="canvas" onPointerDownCapture={onPointerDown} onPointerMove={onPointerMove} onPointerLeave={() => { pointer.at = null }} onDoubleClick={onDoubleClick} onDrop={onDrop} onDragOver={onDragOver} onDragLeave={() => useStage.setState({ splicing: null })} onFocus={({ target }) => pointFocused(target)} onBlur={unpoint} role="region" aria-label="Diagram" id="diagram" tabIndex={-1}>
      <KeyboardWalk>
      <ReactFlow
        nodes={nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes} onNodesChange={onNodesChange} onEdgesChange={onEdgesChange}
        onConnectStart={(_, { nodeId, handleId, handleType }) => { if (nodeId && handleId && handleType) beginWire(nodeId, handleId, handleType) }} onConnectEnd={(event, state) => dropWire(event, state, placeOf(event))}
        onNodeClick={onNodeClick} onNodeContextMenu={(event, node) => openMenu(event, 'node', node.id)} onEdgeContextMenu={(event, edge) => openMenu(event, 'wire', edge.id)} onPaneContextMenu={onPaneMenu}
        onNodeMouseEnter={(event, { id }) => point('node', id, event.currentTarget.getBoundingClientRect())} onNodeMouseLeave={unpoint} onNodeDragStop={unpoint}
        onEdgeMouseEnter={({ clientX, clientY }, { id }) => point('wire', id, { left: clientX, top: clientY, bottom: clientY })} onEdgeMouseLeave={unpoint}
        onReconnect={ignore} onReconnectStart={(_, edge, fixed) => beginReconnect(edge.id, fixed)} onReconnectEnd={(event, _, __, state) => dropWire(event, state, placeOf(event))} edgesReconnectable={!readOnly && !overview} reconnectRadius={12}
        onlyRenderVisibleElements={graph.nodes.length > MANY} onMoveStart={() => moves(true)} onMoveEnd={(_, { zoom }) => { moves(false); seenFrom(zoom, true) }} onMove={(_, { zoom }) => seenFrom(zoom, false)} onInit={fitClear}
        connectionMode={ConnectionMode.Strict} nodesDraggable={!readOnly} nodesConnectable={!readOnly} deleteKeyCode={null} selectionKeyCode={null}
        selectionOnDrag={!touch && !readOnly} panOnDrag={touch || readOnly ? [0, 1] : [1]} onNodeDragStart={(event, _, dragged) => beginDrag(dragged.map(({ id }) => id), event.altKey)}
        multiSelectionKeyCode={['Shift', 'Meta', 'Control']} selectionMode={SelectionMode.Partial} minZoom={SMALLEST} maxZoom={2.5}
        fitView={drawn} fitViewOptions={FIT} connectionRadius={24} zoomOnDoubleClick={false} onPaneClick={onPaneClick} colorMode={scheme}
        nodesFocusable edgesFocusable disableKeyboardA11y
      >
        <WalkEnd />
        {!overview && <Background variant={BackgroundVariant.Dots} gap={GRID} size={1.5} color="var(--dot)" />}
        {overview && <FarView nodes={nodes} routes={drawnRoutes} selected={selection.wires} />}
        <FlowLayer wires={flowing} />
        <GuideLines guides={guides} />
        <FlowLegend />
        <HoverCard />
        <Controls showInteractive={false} position="bottom-left" onFitView={() => void fitAll(flow)} />
        {!empty && <MiniMap pannable zoomable position="bottom-right" style={{ width: 140, height: 90 }} nodeColor={overviewColour} maskColor="color-mix(in srgb, var(--subtle) 70%, transparent)" ariaLabel="Overview of the diagram" />}
      </ReactFlow>
      </KeyboardWalk>
      {empty && <EmptyCanvas />}
      <RefusedWire />
      <QuickAddList />
      <FindBar />
      <CanvasMenu commands={commands} readOnly={readOnly} />
      <Announcer />
    </div>
  )
}
