import { beforeEach, describe, expect, it } from 'vitest'

import { graphOf } from '../testing/services'
import { allKept, discard, forget, keep, takeKept } from './kept'

const graph = graphOf({ b: 'basin' })
const another = (id: string, at: number, name: string) => localStorage.setItem(`backwater.unsaved.${id}.other${at}`, JSON.stringify({ base: 3, graph: { ...graph, name }, at }))

beforeEach(() => { localStorage.clear(); forget('d1') })

describe('what is kept', () => {
  it('is the page’s own: what the server has of it takes nothing from another page', () => {
    another('d1', 5, 'theirs')
    expect(keep('d1', 4, graph)).toBe(true)
    forget('d1')
    expect(allKept().map(({ kept }) => kept.graph.name)).toEqual(['theirs'])
  })

  it('is taken over by the next visit, the latest first, and stays kept until it is saved', () => {
    another('d1', 5, 'older')
    another('d1', 9, 'newer')
    another('d2', 99, 'of another diagram')
    expect(takeKept('d1')).toMatchObject({ base: 3, graph: { name: 'newer' } })
    expect(allKept().filter(({ id }) => id === 'd1').map(({ kept }) => kept.graph.name).sort()).toEqual(['newer', 'older'])
    forget('d1')
    expect(takeKept('d1')!.graph.name).toBe('older')
  })

  it('of earlier versions of the program is found, and what cannot be read is not', () => {
    localStorage.setItem('backwater.unsaved.d1', JSON.stringify({ base: 2, graph }))
    localStorage.setItem('backwater.unsaved.d3', '{"graph": 1')
    expect(takeKept('d1')!.base).toBe(2)
    expect(takeKept('d3')).toBeNull()
    for (const { key } of allKept()) discard(key)
    expect(allKept()).toEqual([])
  })
})
