import { expect, it } from 'vitest'

import { nearestWire } from './nearest'
import type { Point } from './graph'

const route = (id: string, ...points: Point[]) => ({ id, source: '', target: '', data: { points, failure: false, label: '', waypoints: [] } })
const routes = [route('across', [0, 0], [100, 0], [100, 50]), route('below', [0, 20], [90, 20])]

it('finds the wire that passes nearest, within reach', () => {
  expect(nearestWire([50, 4], routes, 10)).toBe('across')
  expect(nearestWire([50, 14], routes, 10)).toBe('below')
  expect(nearestWire([104, 40], routes, 10)).toBe('across')
  expect(nearestWire([50, 60], routes, 10)).toBeNull()
  expect(nearestWire([110, -1], routes, 10)).toBeNull()
})
