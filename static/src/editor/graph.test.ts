import { describe, expect, it } from 'vitest'

import { graphOf, services, wire } from '../testing/services'
import { addGroup, changeGroup, groupsOf, setWaypoints, waypointsOf } from './annotations'
import { addNode, addWire, clip, GRID, paste, readClipping, remove, setParameters, unused } from './graph'

const three = () => graphOf({ s: 'spring', b: 'basin', m: 'mill' }, [wire('w1', 's.out', 'b.in'), wire('w2', 'b.out', 'm.pulls')])

describe('changing a graph', () => {
  it('never changes the graph it is given', () => {
    const graph = three()
    const before = structuredClone(graph)
    addNode(graph, services['log']!, [3, 4])
    addWire(graph, { node: 'm', port: 'calls' }, { node: 'b', port: 'in' })
    remove(graph, new Set(['b']), new Set())
    setParameters(graph, new Set(['b']), 'delay_s', 3)
    setParameters(graph, new Set(['w2']), 'batch_size', 3)
    paste(graph, clip(graph, new Set(['s', 'b'])))
    expect(graph).toEqual(before)
  })

  it('puts a new node on the grid under an id and a name of its own', () => {
    let graph = three()
    const ids: string[] = []
    for (let count = 0; count < 3; count += 1) {
      const [next, id] = addNode(graph, services['basin']!, [GRID * 3 + 1, GRID * 2 - 1])
      graph = next
      ids.push(id)
    }
    expect(new Set(ids).size).toBe(3)
    expect(new Set(graph.nodes.map((node) => node.name)).size).toBe(graph.nodes.length)
    expect(graph.view?.positions?.[ids[0]!]).toEqual([GRID * 3, GRID * 2])
  })

  it('takes the wires and the place of a removed node away with it', () => {
    const graph = remove(three(), new Set(['b']), new Set())
    expect(graph.wires).toEqual([])
    expect(graph.view?.positions).not.toHaveProperty('b')
    expect(remove(three(), new Set(), new Set(['w1'])).wires.map((one) => one.id)).toEqual(['w2'])
  })

  it('drops a parameter that goes back to its default', () => {
    const set = setParameters(three(), new Set(['b']), 'delay_s', 5)
    expect(set.nodes[1]!.parameters).toEqual({ delay_s: 5 })
    expect(setParameters(set, new Set(['b']), 'delay_s', undefined).nodes[1]!.parameters).toEqual({})
  })

  it('finds names that are free', () => {
    expect(unused('a', new Set())).toBe('a')
    expect(unused('a', new Set(['a', 'a-2']))).toBe('a-3')
  })
})

describe('the clipboard', () => {
  it('keeps inner wires with their parameters and leaves out wires that lead away', () => {
    const graph = setParameters(three(), new Set(['w2']), 'batch_size', 7)
    const [pasted, ids] = paste(graph, clip(graph, new Set(['b', 'm'])))
    expect(ids).toHaveLength(2)
    expect(pasted.nodes).toHaveLength(5)
    const added = pasted.wires.slice(graph.wires.length)
    expect(added).toHaveLength(1)
    expect(added[0]).toMatchObject({ from: { node: ids[0], port: 'out' }, to: { node: ids[1], port: 'pulls' }, parameters: { batch_size: 7 } })
    expect(new Set(pasted.wires.map((one) => one.id)).size).toBe(pasted.wires.length)
  })

  it('carries over to another diagram as text and comes out at the pointer', () => {
    const text = JSON.stringify(clip(three(), new Set(['b', 'm'])))
    const [pasted, ids] = paste(graphOf({}), readClipping(text)!, [100, 60])
    expect(pasted.nodes).toHaveLength(2)
    expect(pasted.wires).toHaveLength(1)
    expect(pasted.view?.positions?.[ids[0]!]).toEqual([100, 60])
    expect(pasted.view?.positions?.[ids[1]!]).toEqual([400, 60])
  })

  it('shares no parameters with what was copied', () => {
    const graph = setParameters(three(), new Set(['b']), 'nested', { deep: [1] })
    const [pasted, ids] = paste(graph, clip(graph, new Set(['b'])))
    const copy = pasted.nodes.find((node) => node.id === ids[0])!
    ;(copy.parameters['nested'] as { deep: number[] }).deep.push(2)
    expect(graph.nodes[1]!.parameters['nested']).toEqual({ deep: [1] })
  })

  it.each(['', 'hello', '{"a": 1}', 'null', '[]', '{"backwater": "clipping", "nodes": 3}', '{"backwater":"clipping","nodes":[{}],"wires":[{}],"positions":{}}', '{"backwater":"clipping","nodes":[],"wires":[]}'])(
    'takes no foreign text for a clipping: %s',
    (text) => {
      const clipping = readClipping(text)
      if (clipping) expect(() => paste(three(), clipping)).not.toThrow()
    },
  )
})

describe('pasting', () => {
  it('brings the ways of wires along, and leaves a folded box folded', () => {
    const bent = setWaypoints(three(), 'w1', [[240, -60]])
    const [boxed, box] = addGroup(bent, ['b', 'm'], 'vpc')
    const text = JSON.stringify(clip(changeGroup(boxed, box, { collapsed: true }), new Set(['s', 'b', 'm'])))
    const [pasted, ids] = paste(boxed, readClipping(text)!, [1000, 500])
    const added = pasted.wires.find((one) => one.from.node === ids[0])!
    expect(waypointsOf(pasted, added.id)).toEqual([[1240, 440]])
    expect(groupsOf(pasted).map((group) => [group.members.length, group.collapsed ?? false])).toEqual([[2, false], [2, true]])
  })

  it('puts a node into the box it lands in, and a box with its own nodes into none', () => {
    const [boxed] = addGroup(three(), ['b', 'm'], 'vpc')
    const [one] = paste(boxed, clip(boxed, new Set(['b'])))
    expect(groupsOf(one)[0]!.members).toHaveLength(3)
    const [two] = paste(boxed, clip(boxed, new Set(['b', 'm'])))
    expect(groupsOf(two).map((group) => group.members.length)).toEqual([2, 2])
  })
})
