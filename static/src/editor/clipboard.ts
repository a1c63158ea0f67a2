/** Cut, copy, paste and duplicate, through the system clipboard, so that they work between diagrams and tabs. */

import { CARD, clip, GRID, readClipping, type Clipping, type Point } from './graph'
import { around } from './guides'
import { pointer } from './stage'
import { useEditor } from './store'

/** The last clipping, for browsers that do not let a page read the clipboard: other tabs find it there, too. */
const KEPT = 'backwater.clipping'

export function copySelection(): boolean {
  const { graph, selection } = useEditor.getState()
  if (selection.nodes.size === 0) return false
  const text = JSON.stringify(clip(graph, selection.nodes))
  try {
    localStorage.setItem(KEPT, text)
  } catch {
    // Too large to keep: the clipboard of the system has it.
  }
  void navigator.clipboard?.writeText(text).catch(() => undefined)
  return true
}

export function cutSelection(): void {
  if (copySelection()) useEditor.getState().removeSelected()
}

/** Where the top left corner of a clipping must be for its middle to be at a place, on the grid. */
function cornerAt(clipping: Clipping, [x, y]: Point): Point {
  const box = around([...clipping.nodes, ...(clipping.notes ?? [])].map((node) => ({ x: clipping.positions[node.id]?.[0] ?? 0, y: clipping.positions[node.id]?.[1] ?? 0, ...CARD })))
  const grid = (value: number) => Math.round(value / (GRID / 2)) * (GRID / 2)
  return [grid(x - box.width / 2), grid(y - box.height / 2)]
}

/** Paste at the pointer, or a step beside the originals where it is not on the canvas. */
export async function pasteClipboard(): Promise<void> {
  const text = await (navigator.clipboard?.readText?.() ?? Promise.reject(new Error('no clipboard'))).catch(() => '')
  const clipping = readClipping(text) ?? readClipping(localStorage.getItem(KEPT) ?? '')
  if (clipping) useEditor.getState().pasteClipping(clipping, pointer.at ? cornerAt(clipping, pointer.at) : undefined)
}

export function duplicateSelection(): void {
  const { graph, selection, pasteClipping } = useEditor.getState()
  if (selection.nodes.size) pasteClipping(clip(graph, selection.nodes))
}
