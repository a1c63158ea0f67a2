/** Saves by itself: a moment after the last change, keeping what is not saved yet in the browser, and never overwriting. */

import { api, ApiError } from '../api/client'
import type { Diagram, Graph } from '../api/types'
import { forget, keep, saveApart } from './kept'
import { savedAs } from './stash'
import { useEditor } from './store'

const QUIET_MS = 600
const RETRY_MS = 4000
const FINDINGS_MS = 250

const NO_ROOM = 'This browser has no room to keep it. Download the diagram as JSON'

let saving: Promise<void> | null = null
let timer = 0

/** Resolves when no save is under way. */
export async function settled(): Promise<void> {
  while (saving) await saving
}

/** A save whose answer never came: the server may have it. It is sent again before anything newer is, since the server knows what it has. */
let unanswered: { id: string; graph: Graph; base: number } | null = null

/** Whether the browser had room for the latest change. */
let roomy = true

const keepHere = (id: string, base: number, graph: Graph) => { roomy = keep(id, base, graph) }

/** Save what is not saved, if anything is; resolves when the server has it or has said no. */
export async function saveNow(): Promise<boolean> {
  window.clearTimeout(timer)
  while (saving) await saving
  const { diagramId, graph, version, save, readOnly } = useEditor.getState()
  if (!diagramId || readOnly || save === 'saved') return true
  if (save === 'conflict') return false
  useEditor.getState().setSave('saving')
  keepHere(diagramId, version, graph)
  const before = unanswered?.id === diagramId && unanswered.base === version ? unanswered.graph : graph
  saving = store(diagramId, before, version).finally(() => { saving = null })
  await saving
  return useEditor.getState().save === 'saved'
}

async function store(id: string, graph: Graph, base: number): Promise<void> {
  unanswered = { id, graph, base }
  try {
    const diagram = await api.saveDiagram(id, graph, base)
    unanswered = null
    arrived(id, graph, base, diagram)
  } catch (error) {
    if (error instanceof ApiError && error.status >= 400 && error.status < 500) unanswered = null
    failed(id, error)
  }
}

/** The server has a graph; what was changed meanwhile is sent next. */
function arrived(id: string, graph: Graph, base: number, diagram: Diagram): void {
  const editor = useEditor.getState()
  const shown = editor.diagramId === id
  if (!shown || editor.graph === graph) forget(id)
  savedAs(id, diagram.version)
  if (!shown) return
  // It had arrived before, and others went on from there: so does this page.
  const goneOn = diagram.version > base + 1
  if (editor.graph !== graph) {
    useEditor.setState({ version: goneOn ? base + 1 : diagram.version, save: 'unsaved' })
    keepHere(id, useEditor.getState().version, editor.graph)
    schedule()
  } else if (goneOn) editor.adopt(diagram)
  else editor.saved(diagram.version)
}

function failed(id: string, error: unknown): void {
  const editor = useEditor.getState()
  if (editor.diagramId !== id) return
  if (error instanceof ApiError && error.status === 409) {
    editor.setSave('conflict', error.message, error.body['current'] as Diagram)
  } else if (error instanceof ApiError && error.status === 404) {
    editor.setSave('gone', 'The diagram is not there any more')
  } else if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
    editor.setSave('refused', `${error.message}. ${roomy ? 'Kept in this browser' : NO_ROOM}.`)
  } else {
    const why = error instanceof ApiError && !error.offline ? error.message : ''
    if (roomy) editor.setSave('offline', why)
    else editor.setSave('unkept', NO_ROOM)
    timer = window.setTimeout(() => void saveNow(), RETRY_MS)
  }
}

function schedule(): void {
  window.clearTimeout(timer)
  timer = window.setTimeout(() => void saveNow(), QUIET_MS)
}

/** Choose between the two sides of a conflict. `mine` overwrites, `theirs` goes on from the other one, which can be undone; `copy` keeps both. */
export async function resolveConflict(choice: 'mine' | 'theirs' | 'copy'): Promise<void> {
  const { conflict, diagramId, graph, adopt } = useEditor.getState()
  if (!conflict || !diagramId) return
  if (choice === 'mine') {
    useEditor.setState({ version: conflict.version, save: 'unsaved', conflict: null })
    await saveNow()
  } else if (choice === 'copy') {
    await goApart(graph, 'mine')
  } else {
    forget(diagramId)
    adopt(conflict)
  }
}

/** Save what is shown as a diagram of its own, and go there. */
export async function goApart(graph: Graph, word: string): Promise<void> {
  const { diagramId } = useEditor.getState()
  const address = await saveApart(graph, word)
  if (diagramId) forget(diagramId)
  // What is shown is saved: nothing has to be asked when the page is left.
  useEditor.setState({ save: 'saved' })
  window.location.assign(address)
}

/** The last try of a page that goes away; what is too large for that is kept, and sent when the diagram is opened again. */
function sendLeaving(): void {
  const { diagramId, graph, version, save, readOnly } = useEditor.getState()
  if (diagramId && !readOnly && (save === 'unsaved' || save === 'saving')) void api.saveDiagram(diagramId, graph, version, true).catch(() => undefined)
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
      keepHere(state.diagramId, state.version, state.graph)
      schedule()
    }
  })
  const warn = (event: BeforeUnloadEvent) => {
    const { save } = useEditor.getState()
    if (save === 'unsaved' || save === 'saving' || save === 'unkept') {
      void saveNow()
      event.preventDefault()
    }
  }
  const online = () => void saveNow()
  window.addEventListener('beforeunload', warn)
  window.addEventListener('pagehide', sendLeaving)
  window.addEventListener('online', online)
  return () => {
    unsubscribe()
    window.removeEventListener('beforeunload', warn)
    window.removeEventListener('pagehide', sendLeaving)
    window.removeEventListener('online', online)
    window.clearTimeout(timer)
    window.clearTimeout(findingsTimer)
  }
}
