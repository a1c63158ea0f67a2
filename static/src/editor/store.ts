/** The diagram being edited: its graph with undo, what is selected, and how saving stands. */

import { temporal } from 'zundo'
import { create, useStore } from 'zustand'

import { useCatalog } from '../api/catalog'
import type { Diagram, Finding, Graph, Run, Values } from '../api/types'
import * as graphs from './graph'
import type { Point } from './graph'
import { notesOf, regrouped } from './annotations'
import { useFavourites } from './favourites'
import type { Wiring } from './legality'
import { removeAndJoin as joined, splice } from './rewire'
import { useStage } from './stage'

export type SaveState = 'saved' | 'unsaved' | 'saving' | 'offline' | 'unkept' | 'refused' | 'gone' | 'conflict'

export interface Selection { nodes: ReadonlySet<string>; wires: ReadonlySet<string> }

const NOTHING: Selection = { nodes: new Set(), wires: new Set() }

const EMPTY_GRAPH: Graph = { version: 1, name: '', nodes: [], wires: [], run: {}, account: {}, view: { positions: {} } }

const GESTURE_MS = 800
/** Placing a note and writing it is one gesture, however long the writing takes. */
export const WRITING = 'write '

/** Knows whether a change continues the gesture of the change before it. */
const gestures = {
  last: '',
  at: 0,
  goesOn(gesture: string | undefined): boolean {
    const now = Date.now()
    const goesOn = gesture !== undefined && gesture === this.last && (gesture.startsWith(WRITING) || now - this.at < GESTURE_MS)
    this.last = gesture ?? ''
    this.at = now
    return goesOn
  },
  end(): void {
    this.last = ''
  },
}

interface EditorState {
  diagramId: string | null
  version: number
  graph: Graph
  readOnly: boolean
  save: SaveState
  saveMessage: string
  conflict: Diagram | null
  selection: Selection
  findings: Finding[]
  /** The graph that `findings` are of; a later one may have others. */
  checked: Graph | null
  wiring: Wiring | null
  load: (diagram: Diagram) => void
  show: (run: Run) => void
  /** Replace the graph: one step of undo. Changes of one `gesture` that follow each other closely are one step together. */
  change: (next: Graph, gesture?: string) => void
  saved: (version: number) => void
  /** Go on from what the server has instead of what is shown: one step of undo. */
  adopt: (diagram: Diagram) => void
  setSave: (save: SaveState, message?: string, conflict?: Diagram | null) => void
  setFindings: (findings: Finding[]) => void
  setWiring: (wiring: EditorState['wiring']) => void
  select: (nodes: Iterable<string>, wires?: Iterable<string>) => void
  /** Place a new node, into a wire if one is named. */
  addNode: (kind: string, at: Point, preset?: string, wire?: string | null) => void
  connect: (from: Graph['wires'][number]['from'], to: Graph['wires'][number]['to']) => void
  move: (positions: Record<string, Point>) => void
  nudge: (dx: number, dy: number) => void
  rename: (id: string, name: string) => void
  /** Set a parameter of nodes or wires, of all alike: one step. */
  setParameters: (ids: Iterable<string>, name: string, value: unknown) => void
  setRun: (name: string, value: unknown) => void
  setAccount: (kind: string, name: string, value: unknown) => void
  setName: (name: string) => void
  removeSelected: () => void
  /** Remove the selected nodes and join their neighbours. */
  removeAndJoin: () => void
  pasteClipping: (clipping: graphs.Clipping, at?: Point) => void
}

export const useEditor = create<EditorState>()(
  temporal(
    (set, get) => ({
      diagramId: null,
      version: 0,
      graph: EMPTY_GRAPH,
      readOnly: false,
      save: 'saved',
      saveMessage: '',
      conflict: null,
      selection: NOTHING,
      findings: [],
      checked: null,
      wiring: null,

      load: (diagram) =>
        set({
          diagramId: diagram.id, version: diagram.version, graph: diagram.graph, findings: diagram.findings, checked: diagram.graph, readOnly: false,
          save: 'saved', saveMessage: '', conflict: null, selection: NOTHING,
        }),
      show: (run) => set({ diagramId: null, version: run.diagram_version ?? 0, graph: run.graph ?? EMPTY_GRAPH, findings: [], readOnly: true, save: 'saved', selection: NOTHING }),
      change: (next, gesture) => {
        if (get().readOnly || next === get().graph) return
        const goesOn = gestures.goesOn(gesture)
        if (goesOn) history.getState().pause()
        set({ graph: next, save: get().save === 'conflict' ? 'conflict' : 'unsaved' })
        if (goesOn) history.getState().resume()
      },
      adopt: (diagram) => {
        gestures.end()
        set({ graph: diagram.graph, version: diagram.version, findings: diagram.findings, checked: diagram.graph, save: 'saved', saveMessage: '', conflict: null })
        set({ selection: stillThere(diagram.graph, get().selection) })
      },
      saved: (version) => set({ version, save: 'saved', saveMessage: '', conflict: null }),
      setSave: (save, saveMessage = '', conflict = null) => set({ save, saveMessage, conflict }),
      setFindings: (findings) => set((state) => ({ findings, checked: state.graph })),
      setWiring: (wiring) => set({ wiring }),
      select: (nodes, wires = []) => set({ selection: { nodes: new Set(nodes), wires: new Set(wires) } }),

      addNode: (kind, at, preset, wire) => {
        const service = useCatalog.getState().services[kind]
        if (!service || get().readOnly) return
        const [next, id] = graphs.addNode(get().graph, service, at, service.presets.find((one) => one.name === preset))
        useFavourites.getState().used(kind)
        get().change(regrouped((wire ? splice(next, useCatalog.getState().services, id, wire) : null) ?? next, new Set([id])))
        get().select([id])
      },
      connect: (from, to) => {
        const [next, id] = graphs.addWire(get().graph, from, to)
        get().change(next)
        get().select([], [id])
      },
      move: (positions) => get().change(graphs.moveNodes(get().graph, positions)),
      nudge: (dx, dy) => {
        const { graph, selection } = get()
        const places = [...selection.nodes].map((id): [string, Point] => {
          const [x, y] = graphs.positionOf(graph, id)
          return [id, [x + dx, y + dy]]
        })
        if (places.length) get().change(graphs.moveNodes(graph, Object.fromEntries(places)), `nudge ${[...selection.nodes].join()}`)
      },
      rename: (id, name) => get().change(graphs.renameNode(get().graph, id, name)),
      setParameters: (ids, name, value) => get().change(graphs.setParameters(get().graph, new Set(ids), name, value)),
      setRun: (name, value) => get().change({ ...get().graph, run: graphs.withValue(get().graph.run ?? {}, name, value) }),
      setAccount: (kind, name, value) => {
        const account = get().graph.account ?? {}
        const values: Values = graphs.withValue(account[kind] ?? {}, name, value)
        const { [kind]: _, ...others } = account
        get().change({ ...get().graph, account: Object.keys(values).length ? { ...others, [kind]: values } : others })
      },
      setName: (name) => get().change({ ...get().graph, name }),
      removeAndJoin: () => {
        const { graph, selection } = get()
        if (get().readOnly || (!selection.nodes.size && !selection.wires.size)) return
        const { graph: next, refused } = joined(graph, useCatalog.getState().services, selection.nodes, selection.wires)
        get().change(next)
        set({ selection: NOTHING })
        if (refused[0]) useStage.setState({ reason: { text: refused[0], from: null, to: '', bridges: [] } })
      },
      removeSelected: () => {
        const { graph, selection } = get()
        if (get().readOnly || (!selection.nodes.size && !selection.wires.size)) return
        get().change(graphs.remove(graph, selection.nodes, selection.wires))
        set({ selection: NOTHING })
      },
      pasteClipping: (clipping, at) => {
        if (get().readOnly || clipping.nodes.length + (clipping.notes?.length ?? 0) === 0) return
        const [next, ids] = graphs.paste(get().graph, clipping, at)
        get().change(next)
        get().select(ids)
      },
    }),
    { partialize: (state) => ({ graph: state.graph }), equality: (before, after) => before.graph === after.graph, limit: 300 },
  ),
)

/** Undo and redo, and whether there is anything to. */
export const history = useEditor.temporal

export function useHistory() {
  const canUndo = useStore(history, (state) => state.pastStates.length > 0)
  const canRedo = useStore(history, (state) => state.futureStates.length > 0)
  return { canUndo, canRedo }
}

/** What of a selection is in the graph. */
function stillThere(graph: Graph, selection: Selection): Selection {
  const ids = new Set([...graph.nodes.map((node) => node.id), ...notesOf(graph).map((note) => note.id), ...graph.wires.map((wire) => wire.id)])
  const keep = (wanted: ReadonlySet<string>) => new Set([...wanted].filter((id) => ids.has(id)))
  return { nodes: keep(selection.nodes), wires: keep(selection.wires) }
}

function afterTravel(): void {
  gestures.end()
  const { graph, selection, save } = useEditor.getState()
  useEditor.setState({ save: save === 'conflict' ? 'conflict' : 'unsaved', selection: stillThere(graph, selection) })
}

let travel: 'Undone' | 'Redone' | null = null

/** Whether a change of the graph that is under way is one of undo or redo. */
export const travelling = () => travel

export function undo(): void {
  if (history.getState().pastStates.length === 0 || useEditor.getState().readOnly) return
  travel = 'Undone'
  history.getState().undo()
  travel = null
  afterTravel()
}

export function redo(): void {
  if (history.getState().futureStates.length === 0 || useEditor.getState().readOnly) return
  travel = 'Redone'
  history.getState().redo()
  travel = null
  afterTravel()
}

/** Open a diagram: what was done to another one cannot be undone in this. */
export function openDiagram(diagram: Diagram): void {
  useEditor.getState().load(diagram)
  history.getState().clear()
}
