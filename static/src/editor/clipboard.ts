/** Cut, copy, paste and duplicate, through the system clipboard, so that they work between diagrams and tabs. */

import { clip, readClipping, type Point } from './graph'
import { useEditor } from './store'

/** The last clipping, for browsers that do not let a page read the clipboard. */
let kept = ''

export function copySelection(): boolean {
  const { graph, selection } = useEditor.getState()
  if (selection.nodes.size === 0) return false
  kept = JSON.stringify(clip(graph, selection.nodes))
  void navigator.clipboard?.writeText(kept).catch(() => undefined)
  return true
}

export function cutSelection(): void {
  if (copySelection()) useEditor.getState().removeSelected()
}

export async function pasteClipboard(at?: Point): Promise<void> {
  const text = await (navigator.clipboard?.readText?.() ?? Promise.reject(new Error('no clipboard'))).catch(() => kept)
  const clipping = readClipping(text) ?? readClipping(kept)
  if (clipping) useEditor.getState().pasteClipping(clipping, at)
}

export function duplicateSelection(): void {
  const { graph, selection, pasteClipping } = useEditor.getState()
  if (selection.nodes.size) pasteClipping(clip(graph, selection.nodes))
}
