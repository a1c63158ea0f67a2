import { describe, expect, it } from 'vitest'

import { graphOf, services, wire } from '../testing/services'
import { setWaypoints, waypointsOf } from './annotations'
import { insertBetween, reconnect, removeAndJoin, splice, wireUnder } from './rewire'

describe('removeAndJoin', () => {
  it('joins what is left, where a wire is legal', () => {
    const graph = graphOf({ s: 'spring', a: 'basin', m: 'mill', b: 'basin' }, [wire('1', 's.out', 'a.in'), wire('2', 'a.out', 'm.pulls'), wire('3', 'm.calls', 'b.in')])
    const joined = removeAndJoin(graph, services, new Set(['a', 'm'])).graph
    expect(joined.nodes.map((node) => node.id)).toEqual(['s', 'b'])
    expect(joined.wires.map((found) => [found.from, found.to])).toEqual([[{ node: 's', port: 'out' }, { node: 'b', port: 'in' }]])
  })

  it('lays no wire that is illegal, and none to where failures went', () => {
    const graph = graphOf({ s: 'spring', a: 'basin', m: 'mill', d: 'basin' }, [wire('1', 's.out', 'a.in'), wire('2', 'a.out', 'm.pulls'), wire('3', 'a.spill', 'd.in')])
    const { graph: left, refused } = removeAndJoin(graph, services, new Set(['a']))
    expect(left.wires).toEqual([])
    expect(refused).toEqual([expect.stringMatching(/^“s” and “m” are not joined: “out” sends/)])
  })

  it('keeps what is set where a joining wire begins, for each branch', () => {
    const ports = services['spring']!.ports.map((port) => ({ ...port, wire_parameters: { type: 'object' as const, properties: {} } }))
    const graph = graphOf({ s: 'spring', a: 'basin', b: 'log', c: 'log' }, [{ ...wire('1', 's.out', 'a.in'), parameters: { share: 3 } }, wire('2', 'a.out', 'b.in'), wire('3', 'a.out', 'c.in')])
    const { graph: left } = removeAndJoin(graph, { ...services, spring: { ...services['spring']!, ports } }, new Set(['a']))
    expect(left.wires.map((found) => [found.to.node, found.parameters])).toEqual([['b', { share: 3 }], ['c', { share: 3 }]])
  })
})

describe('splice', () => {
  const graph = graphOf({ s: 'spring', b: 'basin', n: 'basin', m: 'mill' }, [wire('1', 's.out', 'b.in'), { ...wire('2', 'b.out', 'm.pulls'), parameters: { batch_size: 5 } }])

  it('leads what came over a wire through the node', () => {
    const bridged = graphOf({ s: 'spring', n: 'relay', b: 'basin' }, [wire('1', 's.out', 'b.in')])
    const relay = { ...services['basin']!, kind: 'relay', ports: [services['basin']!.ports[0]!, services['mill']!.ports[2]!] }
    const spliced = splice(bridged, { ...services, relay }, 'n', '1')!
    expect(spliced.wires.map((found) => `${found.from.node}.${found.from.port} ${found.to.node}.${found.to.port}`)).toEqual(['s.out n.in', 'n.calls b.in'])
  })

  it('forgets the way of the wire, which leads past the node', () => {
    const bent = setWaypoints(graphOf({ s: 'spring', n: 'relay', b: 'basin' }, [wire('1', 's.out', 'b.in')]), '1', [[240, -100], [560, -100]])
    const relay = { ...services['basin']!, kind: 'relay', ports: [services['basin']!.ports[0]!, services['mill']!.ports[2]!] }
    expect(waypointsOf(splice(bent, { ...services, relay }, 'n', '1')!, '1')).toEqual([])
  })

  it('is null where the node does not fit', () => {
    expect(splice(graph, services, 'n', '2')).toBeNull()
    expect(splice(graph, services, 'b', '1')).toBeNull()
  })
})

describe('insertBetween', () => {
  it('places a node and wires it to both', () => {
    const graph = graphOf({ s: 'spring', m: 'mill' })
    const [made, id] = insertBetween(graph, services['basin']!, services, { node: 's', port: 'out' }, 'm', [100, 100])!
    expect(made.wires.map((found) => [found.from, found.to])).toEqual([[{ node: 's', port: 'out' }, { node: id, port: 'in' }], [{ node: id, port: 'out' }, { node: 'm', port: 'pulls' }]])
  })
})

describe('reconnect', () => {
  it('keeps the parameters of a wire while the port that owns them stays', () => {
    const graph = graphOf({ a: 'basin', b: 'basin', m: 'mill', n: 'mill' }, [{ ...wire('1', 'a.out', 'm.pulls'), parameters: { batch_size: 5 } }])
    expect(reconnect(graph, services, '1', { from: { node: 'b', port: 'out' }, to: { node: 'm', port: 'pulls' } }).wires[0]).toEqual({ ...wire('1', 'b.out', 'm.pulls'), parameters: { batch_size: 5 } })
    const spilled = reconnect(graph, services, '1', { from: { node: 'a', port: 'spill' }, to: { node: 'b', port: 'in' } })
    expect(spilled.wires[0]!.parameters).toEqual({})
  })
})

it('finds the wire under the middle of a card', () => {
  const routes = [{ id: 'w', points: [[0, 100], [400, 100]] as [number, number][] }]
  expect(wireUnder([100, 70], routes)).toBe('w')
  expect(wireUnder([100, 99], routes)).toBeNull()
})
