import { describe, expect, it } from 'vitest'

import { graphOf, services, wire } from '../testing/services'
import { addGroup, addNote, changeGroup, groupBoxes, groupsOf, notesOf, regrouped, setNote, setWaypoints, waypointsOf } from './annotations'
import { edgesOf } from './edges'
import { CARD, clip, moveNodes, paste, positionOf, readClipping, remove } from './graph'
import { foldedInto, foldedPlaces } from './groupNodes'
import { through } from './routing'

const plain = graphOf({ s: 'spring', b: 'basin', m: 'mill', l: 'log' }, [wire('1', 's.out', 'b.in')])
const placesOf = (graph: typeof plain) => Object.fromEntries(graph.nodes.map((node) => [node.id, positionOf(graph, node.id)]))

describe('groups', () => {
  it('have a box round their members, and room for a box within', () => {
    const [inner] = addGroup(plain, ['b', 'm'], 'vpc')
    const [outer] = addGroup(inner, ['s', 'b', 'm'], 'account')
    const boxes = groupBoxes(groupsOf(outer), placesOf(outer))
    const [vpc, account] = groupsOf(outer).map((group) => boxes[group.id]!) as [typeof boxes[string], typeof boxes[string]]
    expect(account!.x).toBeLessThan(vpc!.x)
    expect(account!.y).toBeLessThan(vpc!.y)
    expect(account!.x + account!.width).toBeGreaterThan(vpc!.x + vpc!.width)
  })

  it('lose members that are deleted, and go with the last', () => {
    const [graph] = addGroup(plain, ['b', 'm'], 'group')
    expect(groupsOf(remove(graph, new Set(['b']), new Set()))[0]!.members).toEqual(['m'])
    expect(groupsOf(remove(graph, new Set(['b', 'm']), new Set()))).toEqual([])
  })

  it('take in what is dropped in their box and let go what is dropped outside', () => {
    const [graph] = addGroup(plain, ['b', 'm'], 'group')
    const joined = regrouped(moveNodes(graph, { l: [450, 0] }), new Set(['l']))
    expect(groupsOf(joined)[0]!.members).toEqual(['b', 'm', 'l'])
    const left = regrouped(moveNodes(graph, { m: [2000, 2000] }), new Set(['m']))
    expect(groupsOf(left)[0]!.members).toEqual(['b'])
    expect(regrouped(moveNodes(graph, { b: [0, 900], m: [300, 900] }), new Set(['b', 'm'])).view?.['groups']).toEqual(graph.view?.['groups'])
  })

  it('survive what is no group', () => {
    expect(groupsOf({ ...plain, view: { groups: [null, 3, { id: 'g', members: ['gone'] }, { id: 'h', title: 'H', kind: 'moon', members: ['b'] }] } })).toEqual([{ id: 'h', title: 'H', kind: 'group', members: ['b'] }])
  })
})

it('lead wires to the middle of the card of a folded group', () => {
  const [graph, id] = addGroup(graphOf({ s: 'spring', b: 'basin', m: 'mill', d: 'basin' }, [wire('1', 's.out', 'b.in'), wire('2', 'b.out', 'm.pulls'), wire('3', 'b.spill', 'd.in')]), ['b', 'm'], 'vpc')
  const groups = groupsOf(changeGroup(graph, id, { collapsed: true }))
  const folded = foldedInto(groups)
  const places = { s: positionOf(graph, 's'), d: positionOf(graph, 'd'), ...foldedPlaces(groups, placesOf(graph)) }
  const edges = edgesOf(graph, services, places, folded)
  expect(edges.map((edge) => [edge.source, edge.target])).toEqual([['s', `group:${id}`], [`group:${id}`, 'd']])
  expect(edges[1]!.data!.points[0]).toEqual([300 + CARD.width, CARD.height / 2])
})

describe('notes', () => {
  it('are written, emptied away, and copied', () => {
    const [placed, id] = addNote(plain, [10.4, 20], 'note')
    const written = setNote(placed, id, 'Black Friday')
    expect(notesOf(written)).toEqual([{ id, text: 'Black Friday', look: 'note' }])
    expect(positionOf(written, id)).toEqual([10, 20])
    expect(notesOf(setNote(written, id, '  '))).toEqual([])
    const [pasted] = paste(written, readClipping(JSON.stringify(clip(written, new Set(['b', id]))))!)
    expect(notesOf(pasted).map((note) => note.text)).toEqual(['Black Friday', 'Black Friday'])
    expect(notesOf(remove(written, new Set([id]), new Set()))).toEqual([])
  })
})

describe('waypoints', () => {
  const bent = setWaypoints(plain, '1', [[250, 200]])
  it('lead a wire through points, at right angles', () => {
    const points = through([184, 32], 'right', [[250, 200]], [300, 32])
    expect(points).toContainEqual([250, 200])
    for (let index = 1; index < points.length; index += 1) expect(points[index]![0] === points[index - 1]![0] || points[index]![1] === points[index - 1]![1]).toBe(true)
    expect([points[0], points[points.length - 1]]).toEqual([[184, 32], [300, 32]])
  })
  it('move along when both ends move alike, and only then', () => {
    expect(waypointsOf(moveNodes(bent, { s: [40, 0], b: [340, 0] }), '1')).toEqual([[290, 200]])
    expect(waypointsOf(moveNodes(bent, { s: [40, 0] }), '1')).toEqual([[250, 200]])
  })
  it('go with their wire', () => expect(remove(bent, new Set(['s']), new Set()).view?.['waypoints']).toEqual({}))
})
