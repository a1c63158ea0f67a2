/** What drawings over the diagram have in common: they are as large as the view, move with it, and are in the colours of the page. */

import type { ReactFlowState } from '@xyflow/react'

export type View = Pick<ReactFlowState, 'width' | 'height' | 'transform'>

const MOST_DOTS_FOR_A_PIXEL = 2

/** How many dots of a drawing make a pixel of the page. */
export const dotsForAPixel = () => Math.min(MOST_DOTS_FOR_A_PIXEL, window.devicePixelRatio)

/** Empty the drawing and make it fit the view: from here on it is drawn in the coordinates of the diagram. */
export function beginDrawing(context: CanvasRenderingContext2D, { width, height, transform: [left, top, zoom] }: View): void {
  const element = context.canvas
  const ratio = dotsForAPixel()
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (element.width !== across || element.height !== down) {
    element.width = across
    element.height = down
  }
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, across, down)
  context.setTransform(zoom * ratio, 0, 0, zoom * ratio, left * ratio, top * ratio)
}

/** Whether two views show the same part of the diagram. */
export const sameView = (one: View, other: View) => one.transform === other.transform && one.width === other.width && one.height === other.height

/** Call when the page turns light or dark; returns what ends it. */
export function onScheme(call: () => void): () => void {
  const observer = new MutationObserver(call)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-mantine-color-scheme'] })
  return () => observer.disconnect()
}

/** The page's colours by these names. */
export function inksOf<Name extends string>(element: Element, names: readonly Name[]): Record<Name, string> {
  const style = getComputedStyle(element)
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Record<Name, string>
}

/** A drawing that is booked for the next frame at most once. */
export class NextFrame {
  private booked = 0

  constructor(private readonly draw: (time: number) => void) {}

  book = (): void => {
    this.booked ||= requestAnimationFrame((time) => {
      this.booked = 0
      this.draw(time)
    })
  }

  cancel = (): void => cancelAnimationFrame(this.booked)
}
