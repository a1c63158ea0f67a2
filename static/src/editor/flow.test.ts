import { expect, it } from 'vitest'

import { graphOf, wire } from '../testing/services'
import { flowOrder } from './flow'

it('puts each node before those it sends to, whatever the order of placing', () => {
  const graph = graphOf({ m: 'mill', b: 'basin', s: 'spring', c: 'basin' }, [wire('1', 's.out', 'b.in'), wire('2', 's.out', 'c.in'), wire('3', 'b.out', 'm.pulls')])
  expect(flowOrder(graph)).toEqual(['s', 'b', 'm', 'c'])
})

it('goes round a loop once, and leaves nobody out', () => {
  const loop = [wire('1', 's.out', 'a.in'), wire('2', 'a.out', 'm.pulls'), wire('3', 'm.calls', 'a.in')]
  expect(flowOrder(graphOf({ m: 'mill', a: 'basin', s: 'spring' }, loop))).toEqual(['s', 'a', 'm'])
  expect(flowOrder(graphOf({ m: 'mill', a: 'basin' }, loop.slice(1))).toSorted()).toEqual(['a', 'm'])
  expect(flowOrder(graphOf({ a: 'basin' }, [wire('1', 'a.spill', 'a.in')]))).toEqual(['a'])
})
