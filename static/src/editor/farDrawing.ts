/** What is seen of a large diagram from afar, as one drawing: all wires, then all cards. What can't be read is not written. */

import { dotsForAPixel, type View } from '../live/canvasLayer'
import type { FlowState } from '../live/shapes'
import type { FarIcon, Stamps } from './farIcons'
import { CARD, type Point } from './graph'

export interface FarCard { id: string; x: number; y: number; name: string; icon: FarIcon; known: boolean; selected: boolean; severity: 'error' | 'warning' | undefined; state: FlowState | null }
/** `width` is that of the near view; `marked`: the wire is selected, or takes up what is dragged. */
export interface FarWire { points: readonly Point[]; failure: boolean; state: FlowState | null; width: number; marked: boolean }

export const FAR_INKS = ['surface', 'canvas', 'line', 'text', 'muted', 'grey', 'accent', 'amber', 'orange', 'red', 'subtle'] as const
export type FarInks = Record<(typeof FAR_INKS)[number], string>

const STATE_INK = { idle: 'grey', flowing: 'accent', saturated: 'amber', throttled: 'orange', failing: 'red' } as const
const WORST_LAST = ['idle', 'flowing', 'saturated', 'throttled', 'failing'] as const

const ICON = 40
const EDGE = 10
const NAME = { left: EDGE + ICON + 6, size: 20, line: 23, longest: 10 }
/** How far from the corner of a card its state stands, so that it covers no name. */
const MARK = 2
/** The least width of wires, in pixels. */
const WIDTH_PX = { idle: 0.7, flowing: 1.4, saturated: 3, throttled: 1.4, failing: 1.4 } as const
const MARKED_PX = 2.5
/** Letters lower than this, in pixels, are a bar in place of the word. */
const READABLE_PX = 6

/** The same in pixels at any zoom. */
type Px = (pixels: number) => number

export function drawFar(context: CanvasRenderingContext2D, view: View, cards: readonly FarCard[], wires: readonly FarWire[], inks: FarInks, stamps: Stamps): void {
  const [left, top, zoom] = view.transform
  const px: Px = (pixels) => pixels / zoom
  drawWires(context, wires, inks, px)
  const inView = cards.filter(({ x, y }) => (x + CARD.width) * zoom + left > 0 && (y + CARD.height) * zoom + top > 0 && x * zoom + left < view.width && y * zoom + top < view.height)
  drawCards(context, inView, inks, px)
  drawIcons(context, inView, inks, stamps, ICON * zoom * dotsForAPixel())
  drawNames(context, inView, inks, NAME.size * zoom >= READABLE_PX)
  drawMarks(context, inView, inks)
  drawBadges(context, inView, inks, px)
}

function along(context: CanvasRenderingContext2D, wires: readonly FarWire[]): void {
  context.beginPath()
  for (const { points } of wires) points.forEach(([x, y], index) => (index === 0 ? context.moveTo(x, y) : context.lineTo(x, y)))
}

/** Wires that look alike are one line: to begin a line takes longer than to go on with it. */
function alike(wires: readonly FarWire[]): FarWire[][] {
  const found = new Map<string, FarWire[]>()
  for (const wire of wires) {
    const key = `${wire.state} ${wire.failure} ${wire.width} ${wire.marked}`
    const others = found.get(key)
    if (others) others.push(wire)
    else found.set(key, [wire])
  }
  return [...found.values()].sort(([one], [other]) => rank(one!) - rank(other!))
}

const rank = ({ state, marked }: FarWire) => (marked ? WORST_LAST.length : state === null ? -1 : WORST_LAST.indexOf(state))

function drawWires(context: CanvasRenderingContext2D, wires: readonly FarWire[], inks: FarInks, px: Px): void {
  for (const group of alike(wires)) {
    const { state, failure, width, marked } = group[0]!
    context.strokeStyle = marked ? inks.accent : inks[STATE_INK[state ?? 'idle']]
    context.lineWidth = Math.max(width, px(marked ? MARKED_PX : WIDTH_PX[state ?? 'idle']))
    context.setLineDash(state === 'throttled' ? [px(5), px(3)] : state === 'failing' ? [px(1.5), px(2)] : failure ? [px(2), px(3)] : [])
    along(context, group)
    context.stroke()
    if (state !== 'saturated') continue
    context.strokeStyle = inks.canvas
    context.lineWidth = Math.max(1.2, px(1))
    context.stroke()
  }
  context.setLineDash([])
}

/** One by one: a path of a thousand rectangles takes seven times as long. */
function frames(context: CanvasRenderingContext2D, cards: readonly FarCard[], ink: string, width: number, dash: number[] = []): void {
  context.strokeStyle = ink
  context.lineWidth = width
  context.setLineDash(dash)
  for (const { x, y } of cards) context.strokeRect(x, y, CARD.width, CARD.height)
  context.setLineDash([])
}

function drawCards(context: CanvasRenderingContext2D, cards: readonly FarCard[], inks: FarInks, px: Px): void {
  context.fillStyle = inks.surface
  for (const { x, y } of cards) context.fillRect(x, y, CARD.width, CARD.height)
  const plain = cards.filter(({ selected }) => !selected)
  frames(context, plain.filter(({ known, state }) => known && (state === null || state === 'idle')), inks.line, Math.max(1, px(1)))
  frames(context, plain.filter(({ known }) => !known), inks.grey, px(1), [px(3), px(2)])
  for (const state of WORST_LAST.slice(1)) frames(context, plain.filter((card) => card.state === state), inks[STATE_INK[state]], px(state === 'flowing' ? 1 : 2))
  frames(context, cards.filter(({ selected }) => selected), inks.accent, Math.max(2, px(2.5)))
}

function drawIcons(context: CanvasRenderingContext2D, cards: readonly FarCard[], inks: FarInks, stamps: Stamps, dots: number): void {
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.font = `700 ${ICON / 2}px ${FONT}`
  for (const { x, y, icon } of cards) {
    const [left, top] = [x + EDGE, y + (CARD.height - ICON) / 2]
    const stamp = stamps.of(icon, dots)
    if (stamp) context.drawImage(stamp, left, top, ICON, ICON)
    if (icon.url !== undefined) continue
    context.fillStyle = inks.subtle
    context.fillRect(left, top, ICON, ICON)
    context.fillStyle = inks.muted
    context.fillText(icon.letter, left + ICON / 2, top + ICON / 2)
  }
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'

/** The name in one line or two, cut where it is longer. */
function linesOf(name: string): string[] {
  if (name.length <= NAME.longest) return [name]
  const words = name.slice(0, NAME.longest + 1).search(/[\s_/-][^\s_/-]*$/)
  const first = words > 0 ? words + 1 : NAME.longest
  const rest = name.slice(first).trim()
  return [name.slice(0, first).trim(), rest.length > NAME.longest ? `${rest.slice(0, NAME.longest - 1)}…` : rest]
}

function drawNames(context: CanvasRenderingContext2D, cards: readonly FarCard[], inks: FarInks, readable: boolean): void {
  if (!readable) {
    context.fillStyle = inks.line
    for (const { x, y, name } of cards) context.fillRect(x + NAME.left, y + CARD.height / 2 - 5, Math.min(NAME.longest, name.length) * 9, 10)
    return
  }
  context.fillStyle = inks.text
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  context.font = `650 ${NAME.size}px ${FONT}`
  for (const { x, y, name } of cards) {
    const lines = linesOf(name)
    lines.forEach((line, index) => context.fillText(line, x + NAME.left, y + CARD.height / 2 + (index - (lines.length - 1) / 2) * NAME.line))
  }
}

/** The shapes that go with the states in the near view, too. */
const SHAPES: Record<FlowState, (context: CanvasRenderingContext2D, x: number, y: number) => void> = {
  idle: (context, x, y) => { context.moveTo(x + 8, y); context.arc(x, y, 8, 0, 2 * Math.PI); context.arc(x, y, 4.5, 0, 2 * Math.PI, true) },
  flowing: (context, x, y) => { context.moveTo(x + 9, y); context.arc(x, y, 9, 0, 2 * Math.PI) },
  saturated: (context, x, y) => context.rect(x - 8.5, y - 8.5, 17, 17),
  throttled: (context, x, y) => { context.moveTo(x, y - 10); context.lineTo(x + 10, y + 9); context.lineTo(x - 10, y + 9); context.closePath() },
  failing: (context, x, y) => {
    for (const side of [-1, 1]) {
      context.moveTo(x - 9 * side, y - 6)
      for (const [dx, dy] of [[-6, -9], [9, 6], [6, 9]] as const) context.lineTo(x + dx * side, y + dy)
      context.closePath()
    }
  },
}

function drawMarks(context: CanvasRenderingContext2D, cards: readonly FarCard[], inks: FarInks): void {
  for (const state of WORST_LAST) {
    const those = cards.filter((card) => card.state === state)
    if (those.length === 0) continue
    context.fillStyle = inks[STATE_INK[state]]
    context.beginPath()
    for (const { x, y } of those) SHAPES[state](context, x + MARK, y + MARK)
    context.fill()
  }
}

/** Errors are full, warnings are rings. */
function drawBadges(context: CanvasRenderingContext2D, cards: readonly FarCard[], inks: FarInks, px: Px): void {
  for (const severity of ['warning', 'error'] as const) {
    const those = cards.filter((card) => card.severity === severity)
    if (those.length === 0) continue
    context.beginPath()
    for (const { x, y } of those) {
      context.moveTo(x + CARD.width + 10, y)
      context.arc(x + CARD.width, y, 10, 0, 2 * Math.PI)
    }
    context.fillStyle = severity === 'error' ? inks.red : inks.surface
    context.strokeStyle = severity === 'error' ? inks.red : inks.amber
    context.lineWidth = Math.max(3, px(1))
    context.fill()
    context.stroke()
  }
}
