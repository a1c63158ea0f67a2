/** Saves by itself: a moment after the last change, keeping what is not saved yet in the browser, and never overwriting. */

import { api, ApiError } from '../api/client'
import type { Diagram, Graph } from '../api/types'
import { savedAs } from './stash'
import { openDiagram, useEditor } from './store'

const QUIET_MS = 600
const RETRY_MS = 4000
const FINDINGS_MS = 250

const keptKey = (id: string) => `backwater.unsaved.${id}`

interface Kept { base: number; graph: Graph }

function keep(id: string, kept: Kept): void {
  try {
    localStorage.setItem(keptKey(id), JSON.stringify(kept))
  } catch {
    useEditor.getState().setSave('offline', 'Not saved, and this browser has no room to keep it. Download the diagram as JSON.')
  }
}

/** What an earlier visit could not save, if there is anything. */
export function readKept(id: string): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(keptKey(id)) ?? 'null') as Kept | null
  } catch {
    return null
  }
}

let saving: Promise<void> | null = null
let timer = 0

/** Resolves when no save is under way. */
export async function settled(): Promise<void> {
  while (saving) await saving
}

/** Save what is not saved, if anything is; resolves when the server has it or has said no. */
export async function saveNow(): Promise<boolean> {
  window.clearTimeout(timer)
  while (saving) await saving
  const { diagramId, graph, version, save, readOnly } = useEditor.getState()
  if (!diagramId || readOnly || save === 'saved') return true
  if (save === 'conflict') return false
  useEditor.getState().setSave('saving')
  saving = store(diagramId, graph, version).finally(() => { saving = null })
  await saving
  return useEditor.getState().save === 'saved'
}

async function store(id: string, graph: Graph, base: number): Promise<void> {
  keep(id, { base, graph })
  try {
    const diagram = await api.saveDiagram(id, graph, base)
    localStorage.removeItem(keptKey(id))
    savedAs(id, diagram.version)
    const editor = useEditor.getState()
    if (editor.diagramId !== id) return
    useEditor.setState({ version: diagram.version })
    if (editor.graph === graph) editor.saved(diagram.version)
    else {
      editor.setSave('unsaved')
      schedule()
    }
  } catch (error) {
    failed(id, error)
  }
}

function failed(id: string, error: unknown): void {
  const editor = useEditor.getState()
  if (editor.diagramId !== id) return
  if (error instanceof ApiError && error.status === 409) {
    editor.setSave('conflict', error.message, error.body['current'] as Diagram)
  } else if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
    editor.setSave('refused', `${error.message}. Kept in this browser.`)
  } else {
    editor.setSave('offline', error instanceof ApiError && !error.offline ? error.message : '')
    timer = window.setTimeout(() => void saveNow(), RETRY_MS)
  }
}

function schedule(): void {
  window.clearTimeout(timer)
  timer = window.setTimeout(() => void saveNow(), QUIET_MS)
}

/** Choose between the two sides of a conflict. `mine` overwrites, `theirs` discards, `copy` keeps both. */
export async function resolveConflict(choice: 'mine' | 'theirs' | 'copy'): Promise<void> {
  const { conflict, diagramId, graph } = useEditor.getState()
  if (!conflict || !diagramId) return
  if (choice === 'mine') {
    useEditor.setState({ version: conflict.version, save: 'unsaved', conflict: null })
    await saveNow()
    return
  }
  if (choice === 'copy') {
    const copy = await api.createDiagram({ graph: { ...graph, name: `${graph.name} (mine)` } })
    localStorage.removeItem(keptKey(diagramId))
    window.location.assign(`/diagrams/${copy.id}/`)
    return
  }
  localStorage.removeItem(keptKey(diagramId))
  openDiagram(conflict)
}

/** Watch the editor: save after changes and check the graph; returns a function that stops it. */
export function startAutosave(): () => void {
  let findingsTimer = 0
  const check = () => {
    const { graph } = useEditor.getState()
    void api.findings(graph).then(
      ({ findings }) => { if (useEditor.getState().graph === graph) useEditor.getState().setFindings(findings) },
      () => undefined,
    )
  }
  const unsubscribe = useEditor.subscribe((state, before) => {
    if (state.diagramId !== before.diagramId) return
    const changed = state.graph !== before.graph
    if (changed) {
      window.clearTimeout(findingsTimer)
      findingsTimer = window.setTimeout(check, FINDINGS_MS)
    }
    // Undo changes the graph first, and says then that it is not saved.
    if (state.save === 'unsaved' && state.diagramId && (changed || before.save !== 'unsaved')) {
      keep(state.diagramId, { base: state.version, graph: state.graph })
      schedule()
    }
  })
  const warn = (event: BeforeUnloadEvent) => {
    const { save } = useEditor.getState()
    if (save === 'unsaved' || save === 'saving') {
      void saveNow()
      event.preventDefault()
    }
  }
  const online = () => void saveNow()
  window.addEventListener('beforeunload', warn)
  window.addEventListener('online', online)
  return () => {
    unsubscribe()
    window.removeEventListener('beforeunload', warn)
    window.removeEventListener('online', online)
    window.clearTimeout(timer)
    window.clearTimeout(findingsTimer)
  }
}
