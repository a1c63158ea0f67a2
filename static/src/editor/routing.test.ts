import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { CARD, type Point } from './graph'
import { boxes, crosses, labelPlace, labelRoom, pathOf, route, tidy } from './routing'

const legs = (points: Point[]) => points.slice(1).map((point, index): [Point, Point] => [points[index]!, point])
const upright = (points: Point[]) => legs(points).every(([from, to]) => from[0] === to[0] || from[1] === to[1])

describe('routes of wires', () => {
  it('goes straight where nothing is in the way', () => {
    expect(route([184, 32], 'right', [400, 32], [])).toEqual([[184, 32], [400, 32]])
  })

  it('goes round a card between two others', () => {
    const all = boxes({ a: [0, 0], b: [300, 0], c: [600, 0] })
    const points = route([CARD.width, 32], 'right', [600, 32], Object.values(all))
    expect(upright(points)).toBe(true)
    expect(legs(points).some(([from, to]) => crosses(from, to, all['b']!))).toBe(false)
  })

  it('takes a dead-letter wire from below one card to the next without crossing a third', () => {
    const all = boxes({ queue: [0, 0], between: [0, 120], dead: [240, 240] })
    const points = route([92, 64], 'bottom', [240, 272], Object.values(all))
    expect(upright(points)).toBe(true)
    for (const box of Object.values(all)) expect(legs(points).slice(1, -1).some(([from, to]) => crosses(from, to, box))).toBe(false)
  })

  it('comes back to a card on its left without crossing either', () => {
    const all = boxes({ later: [400, 0], earlier: [0, 0] })
    const points = route([400 + CARD.width, 32], 'right', [0, 32], Object.values(all))
    expect(upright(points)).toBe(true)
    for (const box of Object.values(all)) expect(legs(points).some(([from, to]) => crosses(from, to, box))).toBe(false)
  })

  it('never crosses a card when cards keep their distance', () => {
    const cell = fc.record({ column: fc.integer({ min: 0, max: 4 }), row: fc.integer({ min: 0, max: 4 }) })
    fc.assert(
      fc.property(fc.uniqueArray(cell, { minLength: 2, maxLength: 12, selector: ({ column, row }) => `${column},${row}` }), fc.constantFrom('right' as const, 'bottom' as const), (cells, side) => {
        const all = Object.values(boxes(Object.fromEntries(cells.map(({ column, row }, index) => [String(index), [column * 260, row * 140] as Point]))))
        const [source, target] = [all[0]!, all[1]!]
        const from: Point = side === 'right' ? [source.x + source.width, source.y + 32] : [source.x + 92, source.y + source.height]
        const points = route(from, side, [target.x, target.y + 32], all)
        expect(points[0]).toEqual(from)
        expect(points[points.length - 1]).toEqual([target.x, target.y + 32])
        expect(upright(points)).toBe(true)
        for (const box of all) for (const [start, end] of legs(points)) expect(crosses(start, end, box)).toBe(false)
      }),
      { numRuns: 150 },
    )
  })

  it('routes among fifty unaligned cards, and again for nothing', () => {
    const all = Object.values(boxes(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [String(index), [(index % 10) * 260 + (index % 3) * 20, Math.floor(index / 10) * 140 + (index % 4) * 20] as Point]))))
    for (let index = 0; index < 100; index += 1) {
      const from = all[index % 50]!
      const to = all[(index * 7 + 13) % 50]!
      const points = route([from.x + from.width, from.y + 32], 'right', [to.x, to.y + 32], all)
      expect(upright(points)).toBe(true)
      expect(route([from.x + from.width, from.y + 32], 'right', [to.x, to.y + 32], all)).toBe(points)
    }
  })
})

it('takes over routes far from what moved, among many cards, and none near it', () => {
  const places = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [String(index), [(index % 20) * 300, Math.floor(index / 20) * 200] as Point]))
  const among = (moved: Record<string, Point>) => Object.values(boxes({ ...places, ...moved }))
  const before = route([184, 32], 'right', [600, 32], among({}))
  expect(route([184, 32], 'right', [600, 32], among({ 199: [6000, 3000] }))).toBe(before)
  expect(route([184, 32], 'right', [600, 32], among({ 1: [300, 100] }))).toEqual([[184, 32], [600, 32]])
})

it('drops points that change nothing', () => {
  expect(tidy([[0, 0], [0, 0], [5, 0], [9, 0], [9, 4]])).toEqual([[0, 0], [9, 0], [9, 4]])
})

it('labels the longest stretch and rounds the corners', () => {
  const points: Point[] = [[0, 0], [10, 0], [10, 100], [20, 100]]
  expect(labelPlace(points)).toEqual([10, 50])
  expect(labelRoom(points)).toBe(150)
  expect(labelRoom([[0, 0], [76, 0]])).toBe(70)
  expect(labelRoom([[0, 0], [10, 0]])).toBe(40)
  expect(pathOf(points)).toMatch(/^M0,0L.*Q10,0 .*Q10,100 .*L20,100$/)
})
