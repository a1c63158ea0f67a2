/** Orthogonal routes of wires that go round the cards: a search over the lines beside the cards, few bends first. */

import { CARD, type Point } from './graph'
import { Heap } from './heap'

export interface Box { x: number; y: number; width: number; height: number }
export type Side = 'right' | 'bottom'

const MARGIN = 20
const STUB = 20
const BEND_COST = 60
const MOST_LINES = 120

const boxOf = ([x, y]: Point): Box => ({ x, y, width: CARD.width, height: CARD.height })

/** Boxes of all cards. */
export function boxes(positions: Record<string, Point>): Record<string, Box> {
  return Object.fromEntries(Object.entries(positions).map(([id, place]) => [id, boxOf(place)]))
}

/** Whether a horizontal or vertical stretch crosses a box (touching its border is allowed). */
export function crosses(from: Point, to: Point, box: Box): boolean {
  const [left, right] = from[0] < to[0] ? [from[0], to[0]] : [to[0], from[0]]
  const [top, bottom] = from[1] < to[1] ? [from[1], to[1]] : [to[1], from[1]]
  return left < box.x + box.width && right > box.x && top < box.y + box.height && bottom > box.y
}

/** Lines beside the cards, and which stretches of them are free. Made once for a set of cards, used for every wire. */
class Field {
  readonly xs: number[]
  readonly ys: number[]
  private readonly rows = new Map<number, [number, number][]>()
  private readonly columns = new Map<number, [number, number][]>()
  readonly routes = new Map<string, Point[]>()

  constructor(readonly obstacles: readonly Box[]) {
    this.xs = obstacles.flatMap((box) => [box.x - MARGIN, box.x + box.width + MARGIN])
    this.ys = obstacles.flatMap((box) => [box.y - MARGIN, box.y + box.height + MARGIN])
  }

  /** Whether a card is in the way of a horizontal or vertical stretch. */
  blocked(from: Point, to: Point): boolean {
    if (from[1] === to[1]) return overlapsAny(this.row(from[1]), Math.min(from[0], to[0]), Math.max(from[0], to[0]))
    return overlapsAny(this.column(from[0]), Math.min(from[1], to[1]), Math.max(from[1], to[1]))
  }

  private row(y: number): [number, number][] {
    let found = this.rows.get(y)
    if (!found) this.rows.set(y, (found = this.obstacles.filter((box) => y > box.y && y < box.y + box.height).map((box) => [box.x, box.x + box.width])))
    return found
  }

  private column(x: number): [number, number][] {
    let found = this.columns.get(x)
    if (!found) this.columns.set(x, (found = this.obstacles.filter((box) => x > box.x && x < box.x + box.width).map((box) => [box.y, box.y + box.height])))
    return found
  }
}

const overlapsAny = (taken: readonly [number, number][], from: number, to: number) => taken.some(([start, end]) => from < end && to > start)

const KEPT_FIELDS = 4
const MANY = 150
const NEAR = 200
const fields = new Map<string, Field>()
const byObstacles = new WeakMap<readonly Box[], Field>()

const boxKey = (box: Box) => `${box.x},${box.y},${box.width},${box.height}`

/** The field of these cards: the same one as long as no card moves. */
function fieldOf(obstacles: readonly Box[]): Field {
  const same = byObstacles.get(obstacles)
  if (same) return same
  const key = obstacles.map(boxKey).join(' ')
  const found = fields.get(key) ?? inheriting(new Field(obstacles), [...fields.values()].findLast((field) => field.obstacles.length >= MANY))
  fields.delete(key)
  fields.set(key, found)
  byObstacles.set(obstacles, found)
  for (const oldest of fields.keys()) {
    if (fields.size <= KEPT_FIELDS) break
    fields.delete(oldest)
  }
  return found
}

/** Among many cards, a route far from all cards that moved is taken over: searching for each anew would halt the page at every drop. */
function inheriting(field: Field, before: Field | undefined): Field {
  if (!before || field.obstacles.length < MANY) return field
  const [old, now] = [new Set(before.obstacles.map(boxKey)), new Set(field.obstacles.map(boxKey))]
  const changed = [...before.obstacles.filter((box) => !now.has(boxKey(box))), ...field.obstacles.filter((box) => !old.has(boxKey(box)))]
  if (changed.length > field.obstacles.length / 4) return field
  for (const [key, points] of before.routes) {
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
    const [left, right, top, bottom] = [Math.min(...xs) - NEAR, Math.max(...xs) + NEAR, Math.min(...ys) - NEAR, Math.max(...ys) + NEAR]
    if (!changed.some((box) => box.x < right && box.x + box.width > left && box.y < bottom && box.y + box.height > top)) field.routes.set(key, points)
  }
  return field
}

function lines(values: number[], from: number, to: number): number[] {
  const sorted = [...new Set(values.map((value) => Math.round(value)))].sort((a, b) => a - b)
  if (sorted.length <= MOST_LINES) return sorted
  const middle = (from + to) / 2
  return sorted.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle)).slice(0, MOST_LINES).sort((a, b) => a - b)
}

/** The corners of a route from a card's right or bottom side to another's left side. Remembered per set of cards. */
export function route(source: Point, side: Side, target: Point, obstacles: readonly Box[]): Point[] {
  const field = fieldOf(obstacles)
  const key = `${source}|${side}|${target}`
  let found = field.routes.get(key)
  if (!found) field.routes.set(key, (found = find(source, side, target, field)))
  return found
}

/** A route through points that somebody laid down; it is theirs to keep off the cards. */
export function through(source: Point, side: Side, waypoints: readonly Point[], target: Point): Point[] {
  const start: Point = side === 'right' ? [source[0] + STUB, source[1]] : [source[0], source[1] + STUB]
  const end: Point = [target[0] - STUB, target[1]]
  const points: Point[] = [source, start]
  for (const point of waypoints) points.push(elbow(points, point, side === 'bottom' && points.length === 2 ? 'down' : 'across'), point)
  points.push(elbow(points, end, 'down'), end, target)
  return tidy(points)
}

/** The corner on the way from the last point to the next: in the preferred direction first, unless the wire would run back on itself. */
function elbow(points: readonly Point[], next: Point, first: 'across' | 'down'): Point {
  const [before, last] = [points[points.length - 2]!, points[points.length - 1]!]
  const back = (axis: 0 | 1) => before[1 - axis] === last[1 - axis] && (last[axis] - before[axis]) * (next[axis] - last[axis]) < 0
  const across = first === 'across' ? !back(0) : back(1)
  return across ? [next[0], last[1]] : [last[0], next[1]]
}

function find(source: Point, side: Side, target: Point, field: Field): Point[] {
  const start: Point = side === 'right' ? [source[0] + STUB, source[1]] : [source[0], source[1] + STUB]
  const end: Point = [target[0] - STUB, target[1]]
  const direct = simple(start, side, end)
  if (!direct.some((point, index) => index > 0 && field.blocked(direct[index - 1]!, point))) return tidy([source, ...direct, target])
  return tidy([source, ...(search(start, side, end, field) ?? direct), target])
}

function simple(start: Point, side: Side, end: Point): Point[] {
  if (side === 'bottom') return [start, [start[0], end[1]], end]
  if (end[0] >= start[0]) {
    const middle = Math.round((start[0] + end[0]) / 2)
    return [start, [middle, start[1]], [middle, end[1]], end]
  }
  const between = Math.round((start[1] + end[1]) / 2)
  return [start, [start[0], between], [end[0], between], end]
}

interface Place { x: number; y: number; heading: 0 | 1; cost: number; guess: number; from: Place | null }

const STEPS = [[1, 0], [-1, 0], [0, 1], [0, -1]] as const

/** A* over the crossings of lines beside the cards, with a price for bends. */
function search(start: Point, side: Side, end: Point, field: Field): Point[] | null {
  const xs = lines([start[0], end[0], (start[0] + end[0]) / 2, ...field.xs], start[0], end[0])
  const ys = lines([start[1], end[1], (start[1] + end[1]) / 2, ...field.ys], start[1], end[1])
  const [startX, startY, endX, endY] = [xs.indexOf(Math.round(start[0])), ys.indexOf(Math.round(start[1])), xs.indexOf(Math.round(end[0])), ys.indexOf(Math.round(end[1]))]
  if (startX < 0 || startY < 0 || endX < 0 || endY < 0) return null
  const best = new Float64Array(xs.length * ys.length * 2).fill(Infinity)
  const settled = new Uint8Array(best.length)
  const keyOf = (x: number, y: number, heading: number) => (x * ys.length + y) * 2 + heading
  const left = (x: number, y: number, heading: number) => {
    const [dx, dy] = [Math.abs(xs[x]! - xs[endX]!), Math.abs(ys[y]! - ys[endY]!)]
    return dx + dy + (dx > 0 && dy > 0 ? BEND_COST : 0) + (dy > 0 && dx === 0 && heading === 0 ? BEND_COST : 0)
  }
  const open = new Heap<Place>()
  open.push({ x: startX, y: startY, heading: side === 'right' ? 0 : 1, cost: 0, guess: 0, from: null })
  for (let place = open.pop(); place; place = open.pop()) {
    if (place.x === endX && place.y === endY) return corners(place, xs, ys)
    const key = keyOf(place.x, place.y, place.heading)
    if (settled[key]) continue
    settled[key] = 1
    for (const [dx, dy] of STEPS) {
      const x = place.x + dx
      const y = place.y + dy
      if (x < 0 || y < 0 || x >= xs.length || y >= ys.length) continue
      const here: Point = [xs[place.x]!, ys[place.y]!]
      const there: Point = [xs[x]!, ys[y]!]
      const heading = dx === 0 ? 1 : 0
      const arrivesSideways = x === endX && y === endY && heading === 1 ? BEND_COST : 0
      const cost = place.cost + Math.abs(there[0] - here[0]) + Math.abs(there[1] - here[1]) + (heading === place.heading ? 0 : BEND_COST) + arrivesSideways
      const next = keyOf(x, y, heading)
      if (cost >= best[next]! || field.blocked(here, there)) continue
      best[next] = cost
      open.push({ x, y, heading, cost, guess: cost + left(x, y, heading), from: place })
    }
  }
  return null
}

function corners(end: Place, xs: number[], ys: number[]): Point[] {
  const points: Point[] = []
  for (let place: Place | null = end; place; place = place.from) points.push([xs[place.x]!, ys[place.y]!])
  return points.reverse()
}

/** Drop repeated points and points on a straight line. */
export function tidy(points: Point[]): Point[] {
  const kept: Point[] = []
  for (const point of points) {
    const last = kept[kept.length - 1]
    if (last && last[0] === point[0] && last[1] === point[1]) continue
    const before = kept[kept.length - 2]
    if (last && before && ((before[0] === last[0] && last[0] === point[0]) || (before[1] === last[1] && last[1] === point[1]))) kept.pop()
    kept.push(point)
  }
  return kept
}

/** The route as an SVG path with rounded corners. */
export function pathOf(points: Point[], radius = 8): string {
  const [first, ...rest] = points
  if (!first) return ''
  let path = `M${first[0]},${first[1]}`
  rest.forEach((point, index) => {
    const next = rest[index + 1]
    const before = index === 0 ? first : rest[index - 1]!
    if (!next) {
      path += `L${point[0]},${point[1]}`
      return
    }
    const reach = Math.min(radius, distance(before, point) / 2, distance(point, next) / 2)
    const [ax, ay] = toward(point, before, reach)
    const [bx, by] = toward(point, next, reach)
    path += `L${ax},${ay}Q${point[0]},${point[1]} ${bx},${by}`
  })
  return path
}

/** The middle of the longest stretch, where a label has room. */
export function labelPlace(points: Point[]): Point {
  const [from, to] = longestStretch(points)
  return [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]
}

const [LEAST_LABEL, MOST_LABEL] = [40, 150]

/** How wide a label may be there: no wider than a level stretch, at whose ends the cards begin. */
export function labelRoom(points: Point[]): number {
  const [from, to] = longestStretch(points)
  return from[1] === to[1] ? Math.min(MOST_LABEL, Math.max(LEAST_LABEL, Math.abs(from[0] - to[0]) - 6)) : MOST_LABEL
}

function longestStretch(points: Point[]): [Point, Point] {
  let longest: [Point, Point] = [points[0]!, points[points.length - 1]!]
  let length = -1
  for (let index = 1; index < points.length; index += 1) {
    const stretch = distance(points[index - 1]!, points[index]!)
    if (stretch > length) {
      length = stretch
      longest = [points[index - 1]!, points[index]!]
    }
  }
  return longest
}

const distance = (from: Point, to: Point) => Math.abs(from[0] - to[0]) + Math.abs(from[1] - to[1])

function toward(from: Point, to: Point, reach: number): Point {
  const length = distance(from, to) || 1
  return [from[0] + ((to[0] - from[0]) / length) * reach, from[1] + ((to[1] - from[1]) / length) * reach]
}
