/** Every command of the editor once: its name, its keys, what it does. Shortcuts, palette and help are made from this list. */

import { useNaming } from '../app/naming'
import { aligned, distributed, type Alignment, type Axis } from './arrange'
import { saveNow } from './autosave'
import { copySelection, cutSelection, duplicateSelection, pasteClipboard } from './clipboard'
import { GRID, type Point } from './graph'
import { download, printDiagram } from './ExportDialog'
import { GROUP_WORDS, notesOf, type GroupKind } from './annotations'
import { foldSelection, groupSelection, renameBox, straighten, ungroupSelection, writeNote } from './grouping'
import { goToPart, keepFocused } from './focus'
import { openConnect, openQuickAdd } from './quickAdd'
import { say } from './said'
import { useStage } from './stage'
import { showLeft } from './leftPanel'
import { startRenaming } from './NodeCard'
import { redo, undo, useEditor } from './store'
import { tidy } from './tidy'

export interface Command {
  id: string
  title: string
  group: 'Edit' | 'Arrange' | 'Select' | 'View' | 'Diagram'
  /** Keys as shown, for example `Ctrl+Z`; the first is the main one. */
  keys: string[]
  run: () => void
  /** Left out of the palette (arrow keys and the like). */
  hidden?: boolean
  /** How the list of shortcuts tells of this and its likes in one line. */
  told?: { title: string; keys: string[] }
  /** The list of shortcuts tells of this with another command. */
  toldWith?: string
  /** Works while a value is being typed, too: the value is taken first. */
  always?: boolean
}

export interface ViewActions { fit: () => void; fitSelection: () => void; zoomIn: () => void; zoomOut: () => void; actualSize: () => void; centre: () => Point; run: () => void; search: () => void; palette: () => void; help: () => void }

/** Hand the diagram to the browser as a file. */
export function downloadJson(): void {
  download(new Blob([JSON.stringify(useEditor.getState().graph, null, 2)], { type: 'application/json' }), 'json')
}

const nudges = ([['ArrowLeft', -1, 0], ['ArrowRight', 1, 0], ['ArrowUp', 0, -1], ['ArrowDown', 0, 1]] as const).flatMap(([key, dx, dy], place): Command[] => [
  { id: `nudge-${key}`, title: `Move the selection (${key.slice(5).toLowerCase()})`, group: 'Edit', keys: [key], hidden: true, run: () => useEditor.getState().nudge((dx * GRID) / 2, (dy * GRID) / 2), ...(place === 0 ? { told: { title: 'Move the selection', keys: ['Arrow keys'] } } : { toldWith: 'nudge-ArrowLeft' }) },
  { id: `shift-${key}`, title: `Move the selection further (${key.slice(5).toLowerCase()})`, group: 'Edit', keys: [`Shift+${key}`], hidden: true, run: () => useEditor.getState().nudge(dx * GRID * 4, dy * GRID * 4), ...(place === 0 ? { told: { title: 'Move the selection further', keys: ['Shift+arrow keys'] } } : { toldWith: 'shift-ArrowLeft' }) },
])

/** Line the selected nodes up. */
export function align(alignment: Alignment): void {
  const { graph, selection, move } = useEditor.getState()
  const places = aligned(graph, selection.nodes, alignment)
  if (Object.keys(places).length) move(places)
}

/** Spread the selected nodes out evenly. */
export function distribute(axis: Axis): void {
  const { graph, selection, move } = useEditor.getState()
  const places = distributed(graph, selection.nodes, axis)
  if (Object.keys(places).length) move(places)
}

const ALIGNMENTS: [Alignment, string, string][] = [['left', 'left edges', 'A'], ['centre', 'centres', 'H'], ['right', 'right edges', 'D'], ['top', 'top edges', 'W'], ['middle', 'middles', 'V'], ['bottom', 'bottom edges', 'S']]
const alignments = ALIGNMENTS.map(([alignment, words, key]): Command => ({ id: `align-${alignment}`, title: `Align ${words}`, group: 'Arrange', keys: [`Alt+${key}`], run: () => align(alignment) }))
const distributions: Command[] = [
  { id: 'distribute-across', title: 'Distribute across', group: 'Arrange', keys: ['Alt+Shift+H'], run: () => distribute('across') },
  { id: 'distribute-down', title: 'Distribute down', group: 'Arrange', keys: ['Alt+Shift+V'], run: () => distribute('down') },
]

/** Go to the properties of what is selected; those of a note are its text. */
function goToProperties(): void {
  const { graph, selection } = useEditor.getState()
  const [id] = selection.nodes
  if (id !== undefined && selection.nodes.size === 1 && notesOf(graph).some((note) => note.id === id)) {
    startRenaming(id)
    return
  }
  const field = document.querySelector<HTMLElement>('.panel-right .field-input :is(input, textarea, button):not([disabled])')
  field?.focus()
}

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
    { id: 'delete-join', title: 'Delete and join the neighbours', group: 'Edit', keys: ['Ctrl+Delete', 'Ctrl+Backspace'], run: () => editor().removeAndJoin() },
    { id: 'quick-add', title: 'Add a node', group: 'Edit', keys: ['/'], run: () => openQuickAdd(view.centre()) },
    { id: 'note', title: 'Add a note', group: 'Edit', keys: ['N'], run: () => writeNote('note', view.centre()) },
    { id: 'label', title: 'Add a label', group: 'Edit', keys: ['T'], run: () => writeNote('label', view.centre()) },
    { id: 'rename', title: 'Rename', group: 'Edit', keys: ['F2'], run: () => { if (editor().selection.nodes.size === 1) startRenaming([...editor().selection.nodes][0]!); else renameBox() } },
    { id: 'connect', title: 'Wire the selected node to…', group: 'Edit', keys: ['W'], run: openConnect },
    ...nudges,
    { id: 'tidy', title: 'Tidy the layout', group: 'Arrange', keys: ['Ctrl+L'], run: () => void tidy() },
    ...alignments,
    ...distributions,
    ...(Object.keys(GROUP_WORDS) as GroupKind[]).map((kind): Command => ({ id: kind === 'group' ? 'group' : `group-${kind}`, title: kind === 'group' ? 'Group' : `Group as ${GROUP_WORDS[kind]}`, group: 'Arrange', keys: kind === 'group' ? ['Ctrl+G'] : [], run: () => groupSelection(kind) })),
    { id: 'ungroup', title: 'Ungroup', group: 'Arrange', keys: ['Ctrl+Shift+G'], run: ungroupSelection },
    { id: 'rename-box', title: 'Rename the box', group: 'Arrange', keys: [], run: renameBox },
    { id: 'fold', title: 'Fold or unfold the box', group: 'Arrange', keys: [], run: foldSelection },
    { id: 'straighten', title: 'Let the wire find its own way', group: 'Arrange', keys: [], run: straighten },
    { id: 'snap', title: 'Snap to the grid and to neighbours, on or off', group: 'Arrange', keys: [], run: () => useStage.getState().toggleSnapping() },
    { id: 'select-all', title: 'Select all', group: 'Select', keys: ['Ctrl+A'], run: () => editor().select([...editor().graph.nodes, ...notesOf(editor().graph)].map((one) => one.id), editor().graph.wires.map((wire) => wire.id)) },
    { id: 'select-none', title: 'Select nothing', group: 'Select', keys: ['Escape'], run: () => editor().select([]) },
    { id: 'keep', title: 'Keep selected while Tab walks on', group: 'Select', keys: ['Space'], run: keepFocused },
    { id: 'next-part', title: 'Go to the next part of the page', group: 'View', keys: ['F6'], run: () => goToPart(1), always: true },
    { id: 'previous-part', title: 'Go to the part before', group: 'View', keys: ['Shift+F6'], run: () => goToPart(-1), always: true },
    { id: 'fit', title: 'Fit the diagram into view', group: 'View', keys: ['Shift+1'], run: view.fit },
    { id: 'fit-selection', title: 'Fit the selection into view', group: 'View', keys: ['Shift+2'], run: view.fitSelection },
    { id: 'zoom-in', title: 'Zoom in', group: 'View', keys: ['Ctrl+=', 'Ctrl++'], run: view.zoomIn },
    { id: 'zoom-out', title: 'Zoom out', group: 'View', keys: ['Ctrl+-'], run: view.zoomOut },
    { id: 'actual-size', title: 'Actual size', group: 'View', keys: ['Ctrl+0'], run: view.actualSize },
    { id: 'search', title: 'Search the palette', group: 'View', keys: ['Ctrl+/'], run: view.search },
    { id: 'find', title: 'Find on the canvas', group: 'View', keys: ['Ctrl+F'], run: () => useStage.setState({ finding: true }) },
    { id: 'properties', title: 'Go to the properties', group: 'View', keys: ['Enter'], run: goToProperties },
    { id: 'outline', title: 'Outline: the diagram as text', group: 'View', keys: ['Ctrl+Shift+O'], run: () => showLeft('outline') },
    { id: 'palette', title: 'Commands', group: 'View', keys: ['Ctrl+K'], run: view.palette, hidden: true, always: true },
    { id: 'names', title: 'AWS or neutral names', group: 'View', keys: [], run: () => useNaming.getState().toggle() },
    { id: 'help', title: 'Keyboard shortcuts', group: 'View', keys: ['?'], run: view.help },
    { id: 'run', title: 'Run', group: 'Diagram', keys: ['Ctrl+Enter'], run: view.run, always: true },
    { id: 'save', title: 'Save now', group: 'Diagram', keys: ['Ctrl+S'], run: () => void saveNow().then(() => { if (editor().save === 'saved') say(`Saved as version ${editor().version}`) }), always: true },
    { id: 'history', title: 'Version history', group: 'Diagram', keys: ['Ctrl+Shift+H'], run: () => { if (editor().diagramId) useStage.setState({ dialog: 'history' }) } },
    { id: 'export', title: 'Export as a picture, JSON or Mermaid', group: 'Diagram', keys: ['Ctrl+Shift+E'], run: () => useStage.setState({ dialog: 'export' }) },
    { id: 'download', title: 'Download as JSON', group: 'Diagram', keys: [], run: downloadJson },
    { id: 'print', title: 'Print', group: 'Diagram', keys: ['Ctrl+P'], run: () => void printDiagram() },
  ]
}

/** The name of the keys of an event, as commands write them. */
function keysOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'code'>): string {
  const digit = /^Digit(\d)$/.exec(event.code)
  // With Alt, a key of its own may write another sign: what counts is where it is.
  const placed = event.altKey ? /^Key([A-Z])$/.exec(event.code)?.[1] : undefined
  const letter = placed ?? (/^[a-z]$/i.test(event.key) ? event.key.toUpperCase() : undefined)
  const key = digit && (event.shiftKey || event.ctrlKey || event.metaKey) ? digit[1]! : letter ?? (event.key === ' ' ? 'Space' : event.key)
  const shift = event.shiftKey && (letter || digit || key.length > 1)
  return [event.ctrlKey || event.metaKey ? 'Ctrl' : '', event.altKey ? 'Alt' : '', shift ? 'Shift' : '', key].filter(Boolean).join('+')
}

/** The command that these keys call, if any. */
export function commandFor(commands: readonly Command[], event: Parameters<typeof keysOf>[0]): Command | undefined {
  const keys = keysOf(event)
  return commands.find((command) => command.keys.includes(keys))
}
