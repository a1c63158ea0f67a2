/** Fitting the diagram into view, clear of the overview that lies over a corner of the canvas. */

import { getViewportForBounds, type Edge, type FitViewOptions, type Node, type ReactFlowInstance } from '@xyflow/react'

import { CARD } from './graph'
import { around } from './guides'
import type { Box } from './routing'

export interface Size { width: number; height: number }

const MARGIN = 0.15
const LARGEST = 1
/** The smallest zoom: so far away that a diagram of a thousand nodes is in view. */
export const SMALLEST = 0.05

/** Between the overview and what is kept clear of it. */
const GAP_PX = 12

type Padding = NonNullable<FitViewOptions['padding']>

/** The padding with which none of the boxes within the bounds lies in the bottom right corner of a canvas: the usual one if that will do, else the one that leaves the diagram larger. */
export function paddingClearOf(corner: Size, boxes: readonly Box[], bounds: Box, canvas: Size): Padding {
  const seen = (padding: Padding) => getViewportForBounds(bounds, canvas.width, canvas.height, SMALLEST, LARGEST, padding)
  const { x, y, zoom } = seen(MARGIN)
  const covered = boxes.some((box) => x + (box.x + box.width) * zoom > canvas.width - corner.width && y + (box.y + box.height) * zoom > canvas.height - corner.height)
  if (!covered) return MARGIN
  const beside = { x: MARGIN, y: MARGIN, right: `${corner.width}px` } as const
  const above = { x: MARGIN, y: MARGIN, bottom: `${corner.height}px` } as const
  return seen(above).zoom > seen(beside).zoom ? above : beside
}

const boxOf = ({ position: { x, y }, measured, width, height }: Node): Box => ({ x, y, width: measured?.width ?? width ?? CARD.width, height: measured?.height ?? height ?? CARD.height })

function paddingNow(flow: ReactFlowInstance<Node, Edge>): Padding {
  const [canvas, overview] = ['.canvas', '.react-flow__minimap'].map((name) => document.querySelector(name)?.getBoundingClientRect())
  const nodes = flow.getNodes()
  if (!canvas || !overview || overview.width === 0 || nodes.length === 0) return MARGIN
  // The frame of a box may reach under the overview: what is in it may not.
  const boxes = nodes.filter(({ type }) => type !== 'box').map(boxOf)
  return paddingClearOf({ width: canvas.right - overview.left + GAP_PX, height: canvas.bottom - overview.top + GAP_PX }, boxes, around(nodes.map(boxOf)), canvas)
}

/** How everything is fitted before the canvas is there. */
export const FIT: FitViewOptions = { padding: MARGIN, maxZoom: LARGEST }

/** Fit everything into view; what is `fitted` as usual stays if that is clear. */
export async function fitAll(flow: ReactFlowInstance<Node, Edge>, fitted = false): Promise<void> {
  const padding = paddingNow(flow)
  if (!fitted || padding !== MARGIN) await flow.fitView({ ...FIT, padding })
}
