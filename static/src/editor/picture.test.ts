import { describe, expect, it } from 'vitest'

import { graphOf, services, wire } from '../testing/services'
import { addGroup, addNote, changeGroup } from './annotations'
import { mermaidOf, svgOf } from './picture'

const colours = { surface: '#fff', canvas: '#fafafa', line: '#ddd', text: '#111', muted: '#666', grey: '#888', amber: '#a60' }
const graph = graphOf({ s: 'spring', b: 'basin', m: 'mill', d: 'basin' }, [wire('1', 's.out', 'b.in'), wire('2', 'b.out', 'm.pulls'), wire('3', 'b.spill', 'd.in')])
const drawn = (some: typeof graph) => new DOMParser().parseFromString(svgOf(some, services, {}, colours, false), 'image/svg+xml')

describe('the picture', () => {
  it('has every node and wire, and is well formed whatever names hold', () => {
    const document = drawn({ ...graph, name: 'a & b', nodes: graph.nodes.map((node) => ({ ...node, name: `<${node.id} & "co">` })) })
    expect(document.querySelector('parsererror')).toBeNull()
    expect(document.querySelectorAll('svg > path')).toHaveLength(3)
    expect([...document.querySelectorAll('text')].map((text) => text.textContent)).toContain('<b & "co">')
  })
  it('shows boxes, notes, and a folded group as one card', () => {
    const [noted] = addNote(graph, [0, 300], 'note', 'two\nlines')
    const [grouped, id] = addGroup(noted, ['b', 'm'], 'vpc', 'Orders')
    expect(drawn(grouped).documentElement.textContent).toMatch(/Orders.*two/)
    const folded = drawn(changeGroup(grouped, id, { collapsed: true }))
    expect(folded.querySelectorAll('svg > path')).toHaveLength(2)
    expect([...folded.querySelectorAll('text')].map((text) => text.textContent)).not.toContain('m')
  })
})

it('is a Mermaid flowchart, with boxes, failures dotted', () => {
  expect(mermaidOf(addGroup(graph, ['b'], 'account', 'Shop "A"')[0], services)).toBe(
    'flowchart LR\n  subgraph g1["Shop #quot;A#quot;"]\n    n2["b<br/><small>basin</small>"]\n  end\n  n1["s<br/><small>spring</small>"]\n  n3["m<br/><small>mill</small>"]\n  n4["d<br/><small>basin</small>"]\n  n1 --> n2\n  n2 --> n3\n  n2 -.-> n4\n',
  )
})

it('writes what Mermaid would take for signs of its own by number', () => {
  const named = { ...graph, nodes: [{ ...graph.nodes[0]!, name: '`a` "b" #1; <b> & end' }] , wires: [] }
  expect(mermaidOf(named, services)).toContain('#96;a#96; #quot;b#quot; #35;1; #60;b#62; #38; end')
})
