/** The picture on a node's card during a run, as paths: which shape it has, and what fills it, says the service's description. Pure. */

import type { Ink, Picture } from '../api/types'
import { formatQuantity } from '../format'
import { metricNumber, rateBetween, shownUnit } from './selectors'
import type { Frame, Metric, NodeFrame, Service } from './shapes'

export const WIDTH = 128
export const HEIGHT = 12
/** Columns of a picture that is drawn over time. */
export const COLUMNS = 24
/** Up to so many places are drawn one by one. */
const MOST_CELLS = 32
const LANE = 5

export interface Moment {
  now: Frame
  /** The frame that rates are measured from. */
  before: Frame | null
  /** The last frames up to now, oldest first, for what is drawn over time. */
  recent: readonly Frame[]
  /** The most that filled the picture so far (`fullnessOf`). */
  peak: number
  /** Ids of the wires that leave the node. */
  wires: readonly string[]
}

/** `frame` is what stands still: the tank, the empty places, the ground. */
export interface Stroke { ink: Ink | 'frame'; d: string }
export interface DrawnPicture { shape: Picture['shape']; strokes: Stroke[]; words: string }

/** A round number that is enough: 1, 2 or 5 times a power of ten, and 10 at least, so that a picture rescales seldom. */
export function roundedUp(peak: number): number {
  if (!(peak > 10)) return 10
  const power = 10 ** Math.floor(Math.log10(peak))
  return ([1, 2, 5, 10].find((step) => step * power >= peak * (1 - 1e-9)) ?? 10) * power
}

const round = (value: number) => Math.round(value * 10) / 10
const box = (x: number, y: number, width: number, height: number) => (width > 0.05 && height > 0.05 ? `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${-round(width)}z` : '')
const clip = (share: number) => Math.min(1, Math.max(0, share))

/** What a node's card draws now, or null for a service without a picture. */
export function pictureOf(service: Service, node: string, moment: Moment): DrawnPicture | null {
  const picture = service.overlay.picture
  const frame = moment.now.nodes[node]
  if (!picture || !frame) return null
  const { strokes, words } = DRAWERS[picture.shape]({ picture, service, node, frame, moment })
  return { shape: picture.shape, strokes: strokes.filter(({ d }) => d !== ''), words }
}

/** How full a node's picture is, in its own unit; its maximum so far is the scale where there is no limit. */
export function fullnessOf(service: Service | undefined, node: string, now: Frame, before: Frame | null, wires: readonly string[]): number {
  const picture = service?.overlay.picture
  const frame = now.nodes[node]
  if (!service || !picture || !frame) return 0
  const numbers = () => picture.fills.map(({ name }) => numberOf(service, name, node, now, before))
  switch (picture.shape) {
    case 'tank':
    case 'slots':
      return numbers().reduce((sum, one) => sum + one, 0)
    case 'rates':
      return numbers()[0] ?? 0
    case 'capacity':
      return Math.max(0, ...numbers())
    case 'targets':
      return Math.max(0, ...wires.map((wire) => deliveredOf(wire, now, before) + refusedOf(wire, now, before)))
    default:
      return Math.max(0, ...Object.values(frame.parts ?? {}).map((counts) => counts[picture.fills[0]?.name ?? ''] ?? 0))
  }
}

interface Given { picture: Picture; service: Service; node: string; frame: NodeFrame; moment: Moment }
type Drawer = (given: Given) => Omit<DrawnPicture, 'shape'>

const DRAWERS: Record<Picture['shape'], Drawer> = { tank, slots, capacity, rates, bars, targets, states: bars }

function metricOf(service: Service, name: string): Metric | undefined {
  return service.metrics.find((metric) => metric.name === name)
}

function numberOf(service: Service, name: string, node: string, now: Frame, before: Frame | null): number {
  const metric = metricOf(service, name)
  return (metric && metricNumber(metric, node, now, before)) ?? 0
}

function wordOf({ service, node, moment }: Given, name: string): string {
  const metric = metricOf(service, name)
  return metric ? `${metric.title} ${formatQuantity(metricNumber(metric, node, moment.now, moment.before), shownUnit(metric))}` : name
}

/** What goes one after another into the same room, from the left; what is more than the room is cut off. */
function fillRow(parts: readonly { ink: Ink; share: number }[], x: number, y: number, width: number, height: number): Stroke[] {
  let at = 0
  return parts.map(({ ink, share }) => {
    const from = clip(at)
    at += share
    return { ink, d: box(x + from * width, y, (clip(at) - from) * width, height) }
  })
}

/** The full measure of a picture, and how it is said. */
function fullOf({ picture, service, node, frame, moment }: Given): { full: number; limited: boolean; words: string } {
  const limit = picture.limit ? frame.limits[picture.limit]?.limit : picture.among ? numberOf(service, picture.among, node, moment.now, moment.before) : null
  if (typeof limit === 'number' && limit > 0) return { full: limit, limited: true, words: `of ${formatQuantity(limit, 'count')}` }
  const full = roundedUp(moment.peak)
  return { full, limited: false, words: `drawn on a scale to ${formatQuantity(full, 'count')}` }
}

function tank(given: Given): Omit<DrawnPicture, 'shape'> {
  const { picture, service, node, moment } = given
  const { full, words } = fullOf(given)
  const parts = picture.fills.map(({ name, ink }) => ({ ink, share: numberOf(service, name, node, moment.now, moment.before) / full }))
  return {
    strokes: [{ ink: 'frame', d: `M.5 .5h${WIDTH - 1}v${HEIGHT - 1}h${1 - WIDTH}z` }, ...fillRow(parts, 1.5, 1.5, WIDTH - 3, HEIGHT - 3)],
    words: `${picture.fills.map(({ name }) => wordOf(given, name)).join(', ')}; ${words}`,
  }
}

function slots(given: Given): Omit<DrawnPicture, 'shape'> {
  const { picture, service, node, moment } = given
  const { full, limited, words } = fullOf(given)
  const said = `${picture.fills.map(({ name }) => wordOf(given, name)).join(', ')} ${limited ? words : `; ${words}`}`.replace(' ;', ';')
  const taken = picture.fills.map(({ name, ink }) => ({ ink, count: numberOf(service, name, node, moment.now, moment.before) }))
  if (!limited || full > MOST_CELLS) {
    const ground = box(0, 2, WIDTH, HEIGHT - 4)
    return { strokes: [{ ink: 'frame', d: limited ? `${ground}M${WIDTH - 0.5} 0v${HEIGHT}` : ground }, ...fillRow(taken.map(({ ink, count }) => ({ ink, share: count / full })), 0, 2, WIDTH, HEIGHT - 4)], words: said }
  }
  const cells = Math.ceil(full)
  const gap = cells > 16 ? 1 : 2
  const width = Math.min(24, (WIDTH - (cells - 1) * gap) / cells)
  const cell = (place: number) => box(place * (width + gap), 1, width, HEIGHT - 2)
  const drawn = (from: number, to: number) => Array.from({ length: Math.max(0, Math.min(cells, to) - from) }, (_, place) => cell(from + place)).join('')
  let from = 0
  const filled = taken.map(({ ink, count }): Stroke => {
    const stroke = { ink, d: drawn(from, from + Math.round(count)) }
    from += Math.round(count)
    return stroke
  })
  return { strokes: [{ ink: 'frame', d: drawn(Math.min(cells, from), cells) }, ...filled], words: said }
}

function capacity(given: Given): Omit<DrawnPicture, 'shape'> {
  const { picture, service, node, moment } = given
  const strokes: Stroke[] = []
  const words: string[] = []
  for (let lane = 0; 2 * lane + 1 < picture.fills.length; lane += 1) {
    const [used, provided] = [picture.fills[2 * lane]!.name, picture.fills[2 * lane + 1]!.name]
    const amount = numberOf(service, used, node, moment.now, moment.before)
    const given_per_s = numberOf(service, provided, node, moment.now, moment.before)
    const full = given_per_s > 0 ? given_per_s : roundedUp(moment.peak)
    const y = lane * (LANE + 2)
    strokes.push({ ink: 'frame', d: box(0, y, WIDTH, LANE) }, { ink: given_per_s > 0 && amount >= given_per_s * 0.99 ? 'warn' : 'main', d: box(0, y, clip(amount / full) * WIDTH, LANE) })
    words.push(`${wordOf(given, used)} ${given_per_s > 0 ? `of ${formatQuantity(given_per_s, 'per_s')}` : `on demand, drawn on a scale to ${formatQuantity(full, 'per_s')}`}`)
  }
  return { strokes, words: words.join(', ') }
}

function rates(given: Given): Omit<DrawnPicture, 'shape'> {
  const { picture, node, service, moment } = given
  const { recent } = moment
  const full = roundedUp(moment.peak)
  const width = WIDTH / COLUMNS
  const count = (name: string, frame: Frame) => Number(frame.nodes[node]?.metrics[name] ?? 0)
  const paths = new Map<Ink, string>()
  recent.slice(1).forEach((frame, index) => {
    const before = recent[index]!
    const per_s = (name: string) => rateBetween(before, frame, (one) => count(name, one)) ?? 0
    const x = WIDTH - (recent.length - 1 - index) * width
    const wrong = picture.fills.slice(1).map(({ name, ink }) => ({ ink, value: per_s(name) }))
    const whole = Math.max(per_s(picture.fills[0]?.name ?? ''), wrong.reduce((sum, one) => sum + one.value, 0))
    let y = HEIGHT
    const put = (ink: Ink, value: number) => {
      const height = clip(value / full) * HEIGHT
      y -= height
      paths.set(ink, (paths.get(ink) ?? '') + box(x, y, width - 1, height))
    }
    // What went wrong stands at the bottom, where it is seen however little it is.
    for (const { ink, value } of wrong) if (value > 0) put(ink, Math.max(value, full * 0.1))
    put('main', whole - wrong.reduce((sum, one) => sum + one.value, 0))
  })
  return {
    strokes: [{ ink: 'frame', d: box(0, HEIGHT - 0.6, WIDTH, 0.6) }, ...[...paths].map(([ink, d]) => ({ ink, d }))],
    words: `${picture.fills.filter(({ name }) => metricOf(service, name)).map(({ name }) => wordOf(given, name)).join(', ')}; the last ${Math.max(1, recent.length - 1)} frames`,
  }
}

/** A row of standing bars; `top` marks the end of each ground, where a bar has a limit. */
function row(heights: readonly { share: number; ink: Ink; mark: number; markInk: Ink }[], grounds: boolean): Stroke[] {
  const count = Math.max(1, heights.length)
  const gap = count > 32 ? 0.5 : count > 12 ? 1 : 2
  const width = Math.min(16, (WIDTH - (count - 1) * gap) / count)
  const paths: Record<string, string> = {}
  heights.forEach(({ share, ink, mark, markInk }, place) => {
    const x = place * (width + gap)
    const height = clip(share) * HEIGHT
    const marked = Math.min(HEIGHT, clip(mark) * HEIGHT)
    paths['frame'] = (paths['frame'] ?? '') + (grounds ? box(x, 0, width, HEIGHT) : box(x, HEIGHT - 1, width, 1))
    paths[ink] = (paths[ink] ?? '') + box(x, HEIGHT - height, width, height)
    if (marked > 0) paths[markInk] = (paths[markInk] ?? '') + box(x, Math.max(0, HEIGHT - height - marked), width, marked)
  })
  // Marks are drawn last, over what they mark.
  const order: Stroke['ink'][] = ['frame', 'main', 'held', 'later', 'warn', 'bad']
  return order.flatMap((ink) => (paths[ink] ? [{ ink, d: paths[ink] }] : []))
}

const MARK = 3 / HEIGHT
/** From here on a limit counts as reached. */
const FULL = 0.99
const NAMED = 4

function bars(given: Given): Omit<DrawnPicture, 'shape'> {
  const { picture, service, node, frame, moment } = given
  const figures = service.parts?.figures ?? []
  const [first, ...others] = picture.fills
  const figure = figures.find(({ name }) => name === first?.name)
  const share = figure?.unit === 'share'
  const full = share ? 1 : roundedUp(moment.peak)
  const parts = Object.entries(frame.parts ?? {})
  const heights = parts.map(([part, counts]) => {
    const risen = others.find(({ name }) => (partRate(part, name, node, moment) ?? 0) > 0)
    return { part, value: counts[first?.name ?? ''] ?? 0, share: (counts[first?.name ?? ''] ?? 0) / full, ink: share && (counts[first?.name ?? ''] ?? 0) >= FULL ? 'warn' : first?.ink ?? 'main', mark: risen ? MARK : 0, markInk: risen?.ink ?? 'bad' } as const
  })
  const most = [...heights].sort((one, other) => other.value - one.value).slice(0, NAMED)
  return {
    strokes: row(heights, share),
    words: `${figure?.title ?? ''} of ${parts.length} ${(service.parts?.title ?? 'parts').toLowerCase()}: ${most.map(({ part, value }) => `${part} ${formatQuantity(value, figure?.unit ?? '')}`).join(', ')}${heights.length > NAMED ? ' …' : ''}`,
  }
}

/** How fast a counter of a part rises; null where the part was not told of before. */
export function partRate(part: string, name: string, node: string, { now, before }: Pick<Moment, 'now' | 'before'>): number | null {
  return rateBetween(before, now, (frame) => frame.nodes[node]?.parts?.[part]?.[name])
}

const deliveredOf = (wire: string, now: Frame, before: Frame | null) => rateBetween(before, now, (frame) => frame.wires[wire]?.delivered) ?? 0
const refusedOf = (wire: string, now: Frame, before: Frame | null) => rateBetween(before, now, (frame) => frame.wires[wire]?.refused) ?? 0

function targets({ moment }: Given): Omit<DrawnPicture, 'shape'> {
  const full = roundedUp(moment.peak)
  const rows = moment.wires.map((wire) => ({ delivered: deliveredOf(wire, moment.now, moment.before), refused: refusedOf(wire, moment.now, moment.before) }))
  const sum = (pick: 'delivered' | 'refused') => formatQuantity(rows.reduce((all, one) => all + one[pick], 0), 'per_s')
  return {
    strokes: row(rows.map(({ delivered, refused }) => ({ share: delivered / full, ink: 'main', mark: refused > 0 ? Math.max(refused / full, MARK) : 0, markInk: 'bad' })), false),
    words: `To ${rows.length} ${rows.length === 1 ? 'target' : 'targets'}: ${sum('delivered')} delivered, ${sum('refused')} refused`,
  }
}
