import { describe, expect, it } from 'vitest'

import type { Example } from '../api/types'
import { matching, topicsOf } from './finding'

const example = (slug: string, topic: string, title: string, ...kinds: string[]): Example => ({
  slug, topic, title, summary: '', teaches: '',
  graph: { version: 1, name: title, nodes: kinds.map((kind) => ({ id: kind, kind, name: kind, parameters: {} })), wires: [], run: {} } as unknown as Example['graph'],
})
const all = [example('a', 'Queues', 'Poison message', 'q'), example('b', 'APIs', 'Retry storm', 'api'), example('c', 'Queues', 'A retry', 'q', 'f')]
const words = (kind: string) => ({ q: 'SQS queue', api: 'API Gateway', f: 'Lambda function' })[kind] ?? ''

describe('searching the examples', () => {
  it('finds words of titles, topics and service names, in any case and order', () => {
    expect(matching(all, 'RETRY', words).map(({ slug }) => slug)).toEqual(['b', 'c'])
    expect(matching(all, 'lambda retry', words).map(({ slug }) => slug)).toEqual(['c'])
    expect(matching(all, 'queues', words).map(({ slug }) => slug)).toEqual(['a', 'c'])
  })
  it('finds everything by nothing, and nothing by what nobody says', () => {
    expect(matching(all, '  ', words)).toEqual(all)
    expect(matching(all, 'cassandra', words)).toEqual([])
  })
  it('keeps the members of a topic together, in the order of its first', () => {
    expect(topicsOf(all).map(({ topic, members }) => [topic, members.map(({ slug }) => slug)])).toEqual([['Queues', ['a', 'c']], ['APIs', ['b']]])
  })
})
