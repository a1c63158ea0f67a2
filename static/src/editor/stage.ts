/** What is under way on the canvas and is not part of the diagram: a drag, a refused wire, where the pointer is. */

import { create } from 'zustand'

import type { Point } from './graph'
import type { Guide } from './guides'
import type { GraphWire } from '../api/types'
import { remember } from '../app/remember'
import type { Wiring } from './legality'

export interface Refusal { text: string; from: GraphWire['from'] | null; to: string; bridges: string[] }

/** The list of what can be placed: the place in the diagram, and the wire that waits for an end. */
export interface QuickAdd { at: Point; wirings: Wiring[]; existing: boolean }

interface FromPalette { kind: string; preset: string | undefined; finger: Point | null }

/** Where the menu of the canvas is open, in the window, and what for. */
export interface MenuAt { x: number; y: number; of: 'node' | 'wire' | 'box' | 'canvas' }

interface Stage {
  /** Places of nodes while they are dragged or glide to new places. */
  moving: Record<string, Point> | null
  /** Nodes whose originals stay, because a copy of them is dragged. */
  copied: readonly string[]
  guides: readonly Guide[]
  /** Whether a box was taken by its head, so that it moves with all that is in it. */
  boxed: boolean
  /** Why a wire is refused, and what could stand between. */
  reason: Refusal | null
  /** The wire that takes up what is dragged, if it is dropped now. */
  splicing: string | null
  /** What is dragged from the palette; by a finger, also where it is in the window (the browser itself shows what a mouse drags). */
  fromPalette: FromPalette | null
  quickAdd: QuickAdd | null
  /** The node whose name is typed on its card. */
  renaming: string | null
  /** Whether the search of the canvas is open. */
  finding: boolean
  menu: MenuAt | null
  dialog: 'history' | 'export' | null
  /** Whether a large diagram is seen from so far that only what can be made out is drawn. */
  overview: boolean
  snapping: boolean
  toggleSnapping: () => void
}

/** Where the pointer is on the canvas, if it is there. Nothing is drawn by it, so nobody needs to be told. */
export const pointer: { at: Point | null } = { at: null }

const SNAP_KEY = 'backwater.snap'

const NOTHING_UNDER_WAY = { moving: null, copied: [], guides: [], boxed: false, reason: null, splicing: null, fromPalette: null, quickAdd: null, renaming: null, finding: false, menu: null, dialog: null }

export const useStage = create<Stage>((set, get) => ({
  ...NOTHING_UNDER_WAY,
  overview: false,
  snapping: localStorage.getItem(SNAP_KEY) !== 'off',
  toggleSnapping: () => {
    set({ snapping: !get().snapping })
    remember(SNAP_KEY, get().snapping ? 'on' : 'off')
  },
}))

/** Forget what was under way: another diagram is shown. */
export const resetStage = () => useStage.setState(NOTHING_UNDER_WAY)

const GLIDE_MS = 280

/** Let nodes glide from where they are to new places; resolves when they are there. At once where motion is unwelcome. */
export async function glide(from: Record<string, Point>, to: Record<string, Point>): Promise<void> {
  if (window.matchMedia('(prefers-reduced-motion: reduce)').matches) return
  const begun = performance.now()
  for (let share = 0; share < 1; ) {
    const now = await new Promise<number>(requestAnimationFrame)
    share = Math.min(1, (now - begun) / GLIDE_MS)
    const eased = 1 - (1 - share) ** 3
    const between = (id: string): Point => [0, 1].map((axis) => from[id]![axis]! + (to[id]![axis]! - from[id]![axis]!) * eased) as Point
    useStage.setState({ moving: Object.fromEntries(Object.keys(to).map((id) => [id, between(id)])) })
  }
  useStage.setState({ moving: null })
}
