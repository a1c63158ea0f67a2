import { expect, it } from 'vitest'

import { graphOf, wire } from '../testing/services'
import { addGroup, groupsOf, setWaypoints, waypointsOf } from './annotations'
import { CARD, GRID, moveNodes } from './graph'
import { tidied, tidyPlaces } from './tidy'

const fanOut = () => graphOf({ s: 'spring', a: 'basin', b: 'basin', m: 'mill' }, [wire('1', 's.out', 'a.in'), wire('2', 's.out', 'b.in'), wire('3', 'a.out', 'm.pulls'), wire('4', 'm.calls', 'a.in')])

it('stands nodes in the order messages flow, without overlaps, on the grid', async () => {
  const places = await tidyPlaces(moveNodes(fanOut(), { s: [700, 40], a: [690, 40], b: [0, 0], m: [10, 10] }))
  expect(places['s']![0] + CARD.width).toBeLessThan(places['a']![0])
  expect(places['a']![0] + CARD.width).toBeLessThan(places['m']![0])
  const all = Object.values(places)
  expect(all).toHaveLength(4)
  all.forEach(([x, y], index) => {
    expect([x % GRID, y % GRID].map(Math.abs)).toEqual([0, 0])
    for (const [otherX, otherY] of all.slice(index + 1)) expect(Math.abs(x - otherX) >= CARD.width || Math.abs(y - otherY) >= CARD.height).toBe(true)
  })
})

it('keeps the corner of the diagram where it was, and lays out only what is asked', async () => {
  const graph = moveNodes(fanOut(), { s: [200, 100], a: [200, 300] })
  const places = await tidyPlaces(graph, new Set(['s', 'a']))
  expect(Object.keys(places).sort()).toEqual(['a', 's'])
  expect(Math.min(...Object.values(places).map(([x]) => x))).toBe(200)
  expect(Math.min(...Object.values(places).map(([, y]) => y))).toBe(100)
})

it('leaves a single node alone', async () => {
  expect(await tidyPlaces(graphOf({ s: 'spring' }))).toEqual({})
})

it('follows the wires, not the order in which nodes were placed', async () => {
  const places = await tidyPlaces(graphOf({ b: 'basin', s: 'spring' }, [wire('1', 's.out', 'b.in')]))
  expect(places['s']![0] + CARD.width).toBeLessThan(places['b']![0])
})

it('lays a folded group out as one card, and lets wires find their ways anew', async () => {
  const bent = setWaypoints(moveNodes(fanOut(), { s: [500, 0], a: [0, 0], m: [300, 200] }), '1', [[40, 400]])
  const [graph] = addGroup(bent, ['a', 'm'], 'group')
  const folded = { ...graph, view: { ...graph.view, groups: groupsOf(graph).map((group) => ({ ...group, collapsed: true })) } }
  const places = await tidyPlaces(folded)
  expect([places['m']![0] - places['a']![0], places['m']![1] - places['a']![1]]).toEqual([300, 200])
  expect(places['s']![0] + CARD.width).toBeLessThan(places['a']![0])
  const tidy = tidied(folded, places)
  expect(waypointsOf(tidy, '1')).toEqual([])
  expect(tidy.view?.positions).toMatchObject(places)
})
