import { describe, expect, it } from 'vitest'

import type { Picture } from '../api/types'
import { service } from '../testing/services'
import { beads, lengthOf, spacing } from './flowing'
import { fullnessOf, pictureOf, roundedUp, WIDTH, type Moment } from './picture'
import { calmed } from './selectors'
import type { Frame, NodeFrame, Service } from './shapes'

const node = (metrics: NodeFrame['metrics'], more: Partial<NodeFrame> = {}): NodeFrame => ({ state: 'flowing', sentence: null, culprit: null, metrics, limits: {}, waits: {}, losses: {}, ...more })
const frame = (time_s: number, nodes: Record<string, NodeFrame>, wires: Frame['wires'] = {}): Frame => ({
  version: 1, seq: time_s, time_s, nodes, wires, totals: { created: 0, finished: 0, lost: 0, unfinished: 0 }, load: 1, log: [],
})
const metric = (name: string, type: 'sum' | 'gauge') => ({ name, title: name, unit: 'messages', type, help: '', source: null, primary: true, chart: '', limit: null })

function kind(picture: Partial<Picture> & Pick<Picture, 'shape'>, parts: Service['parts'] = null): Service {
  return {
    ...service('basin', []), parts, metrics: [metric('in', 'sum'), metric('bad', 'sum'), metric('waiting', 'gauge'), metric('held', 'gauge'), metric('given', 'gauge')],
    overlay: { bar: { metric: 'waiting', limit: null }, figures: [], picture: { fills: [], limit: null, among: null, ...picture } },
  }
}

const moment = (now: Frame, before: Frame | null = null, more: Partial<Moment> = {}): Moment => ({ now, before, recent: before ? [before, now] : [now], peak: 0, wires: [], ...more })
const drawn = (one: Service, at: Moment) => Object.fromEntries(pictureOf(one, 'a', at)!.strokes.map(({ ink, d }) => [ink, d]))
/** Widths of the boxes in a path. */
const widths = (d: string | undefined) => [...(d ?? '').matchAll(/M[\d.-]+ [\d.-]+h([\d.]+)v/g)].map((found) => Number(found[1]))
const heights = (d: string | undefined) => [...(d ?? '').matchAll(/h[\d.]+v([\d.]+)/g)].map((found) => Number(found[1]))

describe('pictures', () => {
  it('scales to round numbers, so that it rescales seldom', () => {
    expect([0, 10, 11, 20, 21, 49, 51, 100, 48_200].map(roundedUp)).toEqual([10, 10, 20, 20, 50, 50, 100, 100, 50_000])
  })

  it('fills a tank with what waits, and behind it what is held', () => {
    const tank = kind({ shape: 'tank', fills: [{ name: 'waiting', ink: 'main' }, { name: 'held', ink: 'held' }] })
    const now = frame(1, { a: node({ waiting: 30, held: 10 }) })
    const paths = drawn(tank, moment(now, null, { peak: fullnessOf(tank, 'a', now, null, []) }))
    const [main, held] = [widths(paths['main'])[0]!, widths(paths['held'])[0]!]
    expect(fullnessOf(tank, 'a', now, null, [])).toBe(40)
    expect(main).toBeCloseTo(0.6 * (WIDTH - 3), 0)
    expect(held).toBeCloseTo(0.2 * (WIDTH - 3), 0)
    expect(drawn(tank, moment(frame(1, { a: node({ waiting: 0, held: 0 }) })))['main']).toBeUndefined()
  })

  it('draws each of few places, and a bar where there are many', () => {
    const slots = kind({ shape: 'slots', limit: 'workers', fills: [{ name: 'waiting', ink: 'main' }] })
    const at = (limit: number, used: number) => drawn(slots, moment(frame(1, { a: node({ waiting: used }, { limits: { workers: { title: 'Workers', used, limit } } }) })))
    expect(widths(at(5, 3)['main'])).toHaveLength(3)
    expect(widths(at(5, 3)['frame'])).toHaveLength(2)
    expect(widths(at(1000, 500)['main'])[0]).toBeCloseTo(WIDTH / 2, 0)
  })

  it('holds what is used against what is provided, a second', () => {
    const capacity = kind({ shape: 'capacity', fills: [{ name: 'in', ink: 'main' }, { name: 'given', ink: 'main' }] })
    const at = (count: number) => drawn(capacity, moment(frame(2, { a: node({ in: count, given: 10 }) }), frame(0, { a: node({ in: 0, given: 10 }) })))
    expect(widths(at(10)['main'])[0]).toBeCloseTo(WIDTH / 2, 0)
    expect(widths(at(30)['warn'])[0]).toBeCloseTo(WIDTH, 0)
  })

  it('draws rates over time, and what went wrong so that it is seen', () => {
    const rates = kind({ shape: 'rates', fills: [{ name: 'in', ink: 'main' }, { name: 'bad', ink: 'bad' }] })
    const frames = [0, 1, 2].map((time) => frame(time, { a: node({ in: time * 10, bad: time === 2 ? 1 : 0 }) }))
    const paths = drawn(rates, moment(frames[2]!, frames[0]!, { recent: frames, peak: 10 }))
    expect(heights(paths['main'])).toEqual([12, 10.8])
    expect(heights(paths['bad'])).toEqual([1.2])
  })

  it('stands a bar for each part, as high as its share, and marks where something rises', () => {
    const parts = { title: 'Shards', figures: [{ name: 'use', title: 'Use', unit: 'share', type: 'gauge' as const }, { name: 'refused', title: 'Refused', unit: 'messages', type: 'sum' as const }] }
    const bars = kind({ shape: 'bars', fills: [{ name: 'use', ink: 'main' }, { name: 'refused', ink: 'bad' }] }, parts)
    const at = (time: number, refused: number) => frame(time, { a: node({}, { parts: { one: { use: 0.5, refused: 0 }, two: { use: 1.2, refused } } }) })
    const paths = drawn(bars, moment(at(1, 4), at(0, 0)))
    expect(heights(paths['main'])).toEqual([6])
    expect(heights(paths['warn'])).toEqual([12])
    expect(heights(paths['bad'])).toEqual([3])
    expect(drawn(bars, moment(at(1, 4), at(0, 4)))['bad']).toBeUndefined()
    expect(pictureOf(bars, 'a', moment(at(1, 4)))!.words).toBe('Use of 2 shards: two 120 %, one 50 %')
  })

  it('stands a bar for each target, by what its wire delivered', () => {
    const targets = kind({ shape: 'targets' })
    const wires = (delivered: number, refused: number): Frame['wires'] => ({ w1: { state: 'flowing', sent: 0, delivered, refused, in_transit: 0 }, w2: { state: 'flowing', sent: 0, delivered: delivered / 2, refused: 0, in_transit: 0 } })
    const [before, now] = [frame(0, { a: node({}) }, wires(0, 0)), frame(1, { a: node({}) }, wires(10, 0))]
    expect(heights(drawn(targets, moment(now, before, { wires: ['w1', 'w2'], peak: 10 }))['main'])).toEqual([12, 6])
    expect(drawn(targets, moment(frame(1, { a: node({}) }, wires(10, 5)), before, { wires: ['w1', 'w2'], peak: 20 }))['bad']).toBeDefined()
  })
})

describe('the frame shown', () => {
  it('has the worst state of the last frames, with its sentence, and all else of its own', () => {
    const frames = [0, 1, 2, 3].map((time) => frame(time, { a: node({ in: time }, time === 1 ? { state: 'failing', sentence: 'It fails.' } : {}) }, { w: { state: time === 2 ? 'throttled' : 'idle', sent: time, delivered: 0, refused: 0, in_transit: 0 } }))
    const shown = calmed(frames, 3)!
    expect(shown.nodes['a']).toMatchObject({ state: 'failing', sentence: 'It fails.', metrics: { in: 3 } })
    expect(shown.wires['w']).toMatchObject({ state: 'throttled', sent: 3 })
    expect(calmed([...frames, ...[4, 5, 6].map((time) => frame(time, { a: node({ in: time }) }))], 6)!.nodes['a']!.state).toBe('flowing')
  })
})

describe('beads', () => {
  it('are closer the more flows, and there are none where nothing does', () => {
    expect(spacing(null)).toBeNull()
    expect(spacing(0)).toBeNull()
    expect(spacing(1000)!).toBeLessThan(spacing(10)!)
    expect(spacing(100)).toBe(spacing(103))
  })

  it('stand at equal distances along the way, round its bends', () => {
    const way = [[0, 0], [30, 0], [30, 30]] as const
    const places: [number, number][] = []
    beads(way, 20, 10, (x, y) => places.push([x, y]))
    expect(lengthOf(way)).toBe(60)
    expect(places).toEqual([[10, 0], [30, 0], [30, 20]])
  })
})
