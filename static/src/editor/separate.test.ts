import { expect, it } from 'vitest'

import type { Point } from './graph'
import { separate, type Wired } from './separate'

const zigzag = (id: string, from: string, to: string, y1: number, y2: number): Wired => ({ id, source: from.split('.')[0]!, from, to, points: [[0, y1], [50, y1], [50, y2], [100, y2]] })
const uprightAt = (points: Point[]) => points[1]![0]

it('draws two wires that share a line side by side, their ends where they were', () => {
  const wires = [zigzag('a', 'n1', 'm1', 0, 100), zigzag('b', 'n2', 'm2', 20, 120)]
  const [first, second] = separate(wires, [])
  expect(Math.abs(uprightAt(first!) - uprightAt(second!))).toBeGreaterThanOrEqual(6)
  for (const [index, points] of [first!, second!].entries()) {
    expect(points[0]).toEqual(wires[index]!.points[0])
    expect(points.at(-1)).toEqual(wires[index]!.points.at(-1))
    expect(points.slice(1).every((point, leg) => point[0] === points[leg]![0] || point[1] === points[leg]![1])).toBe(true)
  }
})

it('lets branches of one port, and wires into one node, share their line', () => {
  for (const wires of [[zigzag('a', 'n', 'm1', 0, 100), zigzag('b', 'n', 'm2', 0, 120)], [zigzag('a', 'n1', 'm', 0, 100), zigzag('b', 'n2', 'm', 20, 100)]]) {
    expect(separate(wires, [])).toEqual(wires.map((wire) => wire.points))
  }
})

it('keeps several wires from one node to another apart, uncrossed', () => {
  for (const [end, order] of [[100, 1], [-100, -1]] as const) {
    const [upper, lower] = separate([zigzag('a', 'n.out', 'm', 0, end), zigzag('b', 'n.requests', 'm', 20, end)], [])
    expect((uprightAt(upper!) - uprightAt(lower!)) * order).toBeGreaterThanOrEqual(6)
  }
})

it('leaves wires alone that only touch, or lie apart', () => {
  const wires = [zigzag('a', 'n1', 'm1', 0, 40), zigzag('b', 'n2', 'm2', 40, 90), zigzag('c', 'n3', 'm3', 200, 300)]
  expect(separate(wires, [])).toEqual(wires.map((wire) => wire.points))
})

it('never moves a wire into a card', () => {
  const wires = [zigzag('a', 'n1', 'm1', 0, 100), zigzag('b', 'n2', 'm2', 20, 120)]
  const beside = [{ x: 51, y: 0, width: 20, height: 200 }]
  for (const points of separate(wires, beside)) expect(uprightAt(points)).toBeLessThanOrEqual(50)
})

it('changes nothing of what it is given', () => {
  const wires = [zigzag('a', 'n1', 'm1', 0, 100), zigzag('b', 'n2', 'm2', 20, 120)]
  const before = structuredClone(wires)
  separate(wires, [])
  expect(wires).toEqual(before)
})
