/** Carrying services from the palette to the canvas: a mouse by the drag and drop of the browser, a finger or pen, which has none, by its moves. */

import type { DragEvent, PointerEvent } from 'react'

import { useStage } from './stage'

/** So far a finger moves before it carries something away instead of pressing. */
const SLACK_PX = 8

/** What the canvas does with what is carried over it, at a place in the window. */
interface Landing { hover: (x: number, y: number) => void; drop: (x: number, y: number) => void }

/** The canvas that is shown; it says here how it takes up what is carried. */
export const landing: { canvas: Landing | null } = { canvas: null }

/** Where a finger was put down on the palette. */
let pressed: { x: number; y: number } | null = null

const isOverCanvas = (x: number, y: number) => Boolean(document.elementFromPoint(x, y)?.closest('.canvas'))

const putDown = () => {
  pressed = null
  useStage.setState({ fromPalette: null, splicing: null })
}

/** What an item of the palette needs to be carried away. */
export function carrying(kind: string, preset?: string) {
  return {
    draggable: true,
    onDragStart: (event: DragEvent) => {
      event.dataTransfer.setData('application/x-backwater-kind', kind)
      event.dataTransfer.effectAllowed = 'copy'
      useStage.setState({ fromPalette: { kind, preset, finger: null } })
    },
    onDragEnd: putDown,
    onPointerDown: ({ pointerType, clientX, clientY }: PointerEvent) => { pressed = pointerType === 'mouse' ? null : { x: clientX, y: clientY } },
    onPointerMove: ({ pointerType, clientX, clientY }: PointerEvent) => {
      if (pointerType === 'mouse' || !pressed) return
      if (!useStage.getState().fromPalette?.finger && Math.hypot(clientX - pressed.x, clientY - pressed.y) < SLACK_PX) return
      useStage.setState({ fromPalette: { kind, preset, finger: [clientX, clientY] } })
      if (isOverCanvas(clientX, clientY)) landing.canvas?.hover(clientX, clientY)
    },
    onPointerUp: ({ clientX, clientY }: PointerEvent) => {
      if (!useStage.getState().fromPalette?.finger) return
      if (isOverCanvas(clientX, clientY)) landing.canvas?.drop(clientX, clientY)
      putDown()
    },
    // The browser took the move for itself, to scroll the palette.
    onPointerCancel: putDown,
  }
}
