import { describe, expect, it } from 'vitest'

import { followPorts, portsOf, useCatalog } from '../api/catalog'
import { api } from '../api/client'
import type { GraphNode, PartGraph } from '../api/types'
import { port, service } from '../testing/services'
import { isJson, spanOf } from './CodeEditor'
import { lineOf } from './DefinitionEditor'
import { laidOut } from './layout'
import { definitionOf } from './LiveParts'

const part = (name: string, group = '', more: Partial<PartGraph['nodes'][number]> = {}) => ({ name, type: 'Task', group, start: false, end: false, ...more })

describe('the graph of a definition', () => {
  const graph: PartGraph = {
    nodes: [part('Begin', '', { start: true }), part('Both'), part('Left', 'Both[0]'), part('Right', 'Both[1]'), part('Undo', '', { end: true }), part('Each', 'Both[1]'), part('Inner', 'Each[]')],
    edges: [{ from: 'Begin', to: 'Both', kind: 'next' }, { from: 'Both', to: 'Undo', kind: 'catch' }, { from: 'Undo', to: 'Begin', kind: 'next' }, { from: 'Right', to: 'Each', kind: 'next' }],
  }

  it('draws every part and way once, and what stands in a branch inside of what holds it', async () => {
    const drawn = await laidOut(graph)
    expect(drawn.boxes.map((box) => box.name).sort()).toEqual(graph.nodes.map((node) => node.name).sort())
    expect(drawn.ways.map((way) => way.kind).sort()).toEqual(['catch', 'next', 'next', 'next'])
    const box = (name: string) => drawn.boxes.find((found) => found.name === name)!
    for (const [inner, outer] of [['Left', 'Both'], ['Right', 'Both'], ['Each', 'Both'], ['Inner', 'Each']] as const) {
      expect(box(inner).x).toBeGreaterThan(box(outer).x)
      expect(box(inner).x + box(inner).width).toBeLessThan(box(outer).x + box(outer).width)
      expect(box(inner).y + box(inner).height).toBeLessThan(box(outer).y + box(outer).height)
    }
    expect(box('Begin').y + box('Begin').height).toBeLessThan(box('Both').y)
    expect(drawn.groups).toHaveLength(3)
  })

  it('is empty where nothing is described', async () => {
    expect((await laidOut({ nodes: [], edges: [] })).boxes).toEqual([])
  })
})

describe('places in the text', () => {
  const text = 'StartAt: A\nStates:\n  A b: {Type: Pass}\n  "C":\n    Next: A b\n'

  it('marks a problem from its column to the end of its line, within the text', () => {
    expect(text.slice(spanOf(text, { line: 3, column: 3 }).from, spanOf(text, { line: 3, column: 3 }).to)).toBe('A b: {Type: Pass}')
    expect(spanOf(text, { line: null, column: null })).toEqual({ from: 0, to: 10 })
    expect(spanOf('', { line: 9, column: 9 })).toEqual({ from: 0, to: 0 })
  })

  it('finds the line of a part', () => {
    expect([lineOf(text, 'A b'), lineOf(text, 'C'), lineOf(text, 'None'), lineOf('{"States": {"X (1)": {}}}', 'X (1)')]).toEqual([3, 4, 0, 1])
  })

  it('tells JSON from YAML', () => {
    expect([isJson(' {"a": 1}'), isJson('a: {}'), isJson('')]).toEqual([true, false, false])
  })
})

describe('ports that follow from parameters', () => {
  const kind = { ...service('switch', [{ name: 'in', direction: 'in', verb: 'send', actions: ['*'] }]), ports_follow: ['outlets'] }
  const node = (outlets: unknown): GraphNode => ({ id: 'n', kind: 'switch', name: 'n', parameters: { outlets, colour: 'red' } })

  it('are asked for once, kept while the parameters are faulty, and drawn when they come', async () => {
    const asked: unknown[] = []
    api.ports = (name, parameters) => {
      asked.push([name, parameters])
      const outlets = parameters['outlets']
      return Promise.resolve({ ports: [...kind.ports, ...(Array.isArray(outlets) ? outlets.map((one) => port({ name: String(one), direction: 'out', verb: 'send', actions: ['*'] })) : [])], valid: outlets === undefined || Array.isArray(outlets) })
    }
    useCatalog.setState({ services: { switch: kind } })
    const before = useCatalog.getState().services
    const names = (outlets: unknown) => portsOf(useCatalog.getState().services, node(outlets)).map((one) => one.name)
    expect(names(['a'])).toEqual(['in'])
    await followPorts([node(['a']), node(['a'])])
    expect(names(['a'])).toEqual(['in', 'a'])
    expect(asked).toEqual([['switch', { outlets: ['a'] }]])
    expect(useCatalog.getState().services).not.toBe(before)
    await followPorts([node('faulty')])
    expect(names('faulty')).toEqual(['in', 'a'])
    await followPorts([node(['b', 'c'])])
    expect(names(['b', 'c'])).toEqual(['in', 'b', 'c'])
  })
})

it('the parameter that holds a definition is found by what the service says of it', () => {
  expect(definitionOf(service('plain', []))).toBeNull()
  const holder = service('flow', [], { type: 'object', properties: { text: { type: 'string', widget: 'definition', language: 'poetry', default: 'roses' } } })
  expect(definitionOf(holder)).toEqual({ name: 'text', language: 'poetry', standard: 'roses' })
})
