/** The selected node, as the canvas has it: a link anywhere in the live view selects the node it names and brings it into view. */

import { create } from 'zustand'

import { useEditor } from '../editor/store'

interface SelectionState {
  node: string | null
  /** Goes up by one whenever a link asks for a node to be shown. */
  asked: number
  /** Select a node from anywhere on the page. */
  select: (node: string) => void
  /** The canvas says which node is selected. */
  follow: (node: string | null) => void
}

export const useSelection = create<SelectionState>((set) => ({
  node: null,
  asked: 0,
  select: (node) => set((state) => ({ node, asked: state.asked + 1 })),
  follow: (node) => set({ node }),
}))

/** The one node that is selected, or null when there is none or more than one. */
export function useSelectedNode(): string | null {
  return useEditor(({ selection }) => (selection.nodes.size === 1 ? [...selection.nodes][0] ?? null : null))
}
