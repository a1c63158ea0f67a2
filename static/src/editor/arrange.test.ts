import { describe, expect, it } from 'vitest'

import { graphOf } from '../testing/services'
import { aligned, distributed } from './arrange'
import { moveNodes } from './graph'
import { resting } from './guides'

const graph = moveNodes(graphOf({ a: 'spring', b: 'basin', c: 'mill' }), { a: [0, 10], b: [110, 200], c: [700, 90] })

describe('aligned', () => {
  it('puts one edge on a line and leaves the other direction alone', () => {
    expect(aligned(graph, ['a', 'b', 'c'], 'left')).toEqual({ a: [0, 10], b: [0, 200], c: [0, 90] })
    expect(aligned(graph, ['a', 'b'], 'bottom')).toEqual({ a: [0, 200], b: [110, 200] })
    expect(aligned(graph, ['a', 'c'], 'centre')).toEqual({ a: [350, 10], c: [350, 90] })
  })

  it('has nothing to do with one node', () => expect(aligned(graph, ['a'], 'left')).toEqual({}))
})

describe('distributed', () => {
  it('makes gaps equal between the outermost', () => {
    expect(distributed(graph, ['a', 'b', 'c'], 'across')).toEqual({ a: [0, 10], b: [350, 200], c: [700, 90] })
    expect(distributed(graph, ['a', 'b', 'c'], 'down')).toEqual({ a: [0, 10], c: [700, 105], b: [110, 200] })
  })
  it('does not let cards overlap', () => {
    const tight = moveNodes(graph, { a: [0, 0], b: [10, 0], c: [20, 0] })
    expect(distributed(tight, ['a', 'b', 'c'], 'across')).toEqual({ a: [0, 0], b: [192, 0], c: [384, 0] })
  })
})

describe('resting', () => {
  const other = { x: 300, y: 100, width: 184, height: 64 }
  it('comes to rest in line with a neighbour that is near', () => {
    const { at, guides } = resting({ x: 13, y: 103, width: 184, height: 64 }, [other], 6)
    expect(at).toEqual([10, 100])
    expect(guides).toEqual([{ axis: 1, at: 100, from: -2, to: 496 }])
  })
  it('else on the grid, and where the pointer is if snapping is off', () => {
    expect(resting({ x: 13, y: 43, width: 184, height: 64 }, [other], 6)).toEqual({ at: [10, 40], guides: [] })
    expect(resting({ x: 13.2, y: 103, width: 184, height: 64 }, [other], 6, false)).toEqual({ at: [13, 103], guides: [] })
  })
})
