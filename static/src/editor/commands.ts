/** Every command of the editor once: its name, its keys, what it does. Shortcuts, palette and help are made from this list. */

import { saveNow } from './autosave'
import { copySelection, cutSelection, duplicateSelection, pasteClipboard } from './clipboard'
import { GRID } from './graph'
import { tidy } from './layout'
import { redo, undo, useEditor } from './store'

export interface Command {
  id: string
  title: string
  group: 'Edit' | 'Select' | 'View' | 'Diagram'
  /** Keys as shown, for example `Ctrl+Z`; the first is the main one. */
  keys: string[]
  run: () => void
  /** Left out of the palette (arrow keys and the like). */
  hidden?: boolean
}

export interface ViewActions { fit: () => void; zoomIn: () => void; zoomOut: () => void; actualSize: () => void; search: () => void; palette: () => void; help: () => void }

function download(): void {
  const { graph } = useEditor.getState()
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([JSON.stringify(graph, null, 2)], { type: 'application/json' }))
  link.download = `${graph.name || 'diagram'}.json`
  link.click()
  URL.revokeObjectURL(link.href)
}

const nudges = ([['ArrowLeft', -1, 0], ['ArrowRight', 1, 0], ['ArrowUp', 0, -1], ['ArrowDown', 0, 1]] as const).flatMap(([key, dx, dy]): Command[] => [
  { id: `nudge-${key}`, title: `Move the selection (${key.slice(5).toLowerCase()})`, group: 'Edit', keys: [key], hidden: true, run: () => useEditor.getState().nudge((dx * GRID) / 2, (dy * GRID) / 2) },
  { id: `shift-${key}`, title: `Move the selection further (${key.slice(5).toLowerCase()})`, group: 'Edit', keys: [`Shift+${key}`], hidden: true, run: () => useEditor.getState().nudge(dx * GRID * 4, dy * GRID * 4) },
])

export function commandsOf(view: ViewActions): Command[] {
  const editor = useEditor.getState
  return [
    { id: 'undo', title: 'Undo', group: 'Edit', keys: ['Ctrl+Z'], run: undo },
    { id: 'redo', title: 'Redo', group: 'Edit', keys: ['Ctrl+Shift+Z', 'Ctrl+Y'], run: redo },
    { id: 'cut', title: 'Cut', group: 'Edit', keys: ['Ctrl+X'], run: cutSelection },
    { id: 'copy', title: 'Copy', group: 'Edit', keys: ['Ctrl+C'], run: copySelection },
    { id: 'paste', title: 'Paste', group: 'Edit', keys: ['Ctrl+V'], run: () => void pasteClipboard() },
    { id: 'duplicate', title: 'Duplicate', group: 'Edit', keys: ['Ctrl+D'], run: duplicateSelection },
    { id: 'delete', title: 'Delete', group: 'Edit', keys: ['Delete', 'Backspace'], run: () => editor().removeSelected() },
    { id: 'tidy', title: 'Tidy the layout', group: 'Edit', keys: ['Ctrl+L'], run: () => void tidy() },
    ...nudges,
    { id: 'select-all', title: 'Select all', group: 'Select', keys: ['Ctrl+A'], run: () => editor().select(editor().graph.nodes.map((node) => node.id), editor().graph.wires.map((wire) => wire.id)) },
    { id: 'select-none', title: 'Select nothing', group: 'Select', keys: ['Escape'], run: () => editor().select([]) },
    { id: 'fit', title: 'Fit the diagram into view', group: 'View', keys: ['Shift+1'], run: view.fit },
    { id: 'zoom-in', title: 'Zoom in', group: 'View', keys: ['Ctrl+='], run: view.zoomIn },
    { id: 'zoom-out', title: 'Zoom out', group: 'View', keys: ['Ctrl+-'], run: view.zoomOut },
    { id: 'actual-size', title: 'Actual size', group: 'View', keys: ['Ctrl+0'], run: view.actualSize },
    { id: 'search', title: 'Search services', group: 'View', keys: ['/'], run: view.search },
    { id: 'palette', title: 'Commands', group: 'View', keys: ['Ctrl+K'], run: view.palette, hidden: true },
    { id: 'help', title: 'Keyboard shortcuts', group: 'View', keys: ['?'], run: view.help },
    { id: 'save', title: 'Save now', group: 'Diagram', keys: ['Ctrl+S'], run: () => void saveNow() },
    { id: 'download', title: 'Download as JSON', group: 'Diagram', keys: [], run: download },
  ]
}

/** The name of the keys of an event, as commands write them. */
export function keysOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'code'>): string {
  const digit = /^Digit(\d)$/.exec(event.code)
  const letter = /^[a-z]$/i.test(event.key)
  const key = digit && (event.shiftKey || event.ctrlKey || event.metaKey) ? digit[1]! : letter ? event.key.toUpperCase() : event.key
  const shift = event.shiftKey && (letter || digit || key.length > 1)
  return [event.ctrlKey || event.metaKey ? 'Ctrl' : '', shift ? 'Shift' : '', key].filter(Boolean).join('+')
}

/** The command that these keys call, if any. */
export function commandFor(commands: readonly Command[], event: Parameters<typeof keysOf>[0]): Command | undefined {
  const keys = keysOf(event)
  return commands.find((command) => command.keys.includes(keys))
}
