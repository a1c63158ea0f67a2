import { describe, expect, it } from 'vitest'

import { services, useTestCatalog } from '../testing/services'
import { presetsFound } from './presets'
import { useEditor } from './store'

const rush = { name: 'rush', title: 'Morning rush', summary: 'Many at once', icon: '', parameters: { load: { rate_per_s: 90 } } }
const spring = { ...services['spring']!, presets: [rush, { ...rush, name: 'trickle', title: 'Trickle', summary: 'Few' }] }

describe('presets', () => {
  it('are found by their own words, or with their service', () => {
    expect(presetsFound(spring, 'RUSH', false).map((preset) => preset.name)).toEqual(['rush'])
    expect(presetsFound(spring, 'few', false).map((preset) => preset.name)).toEqual(['trickle'])
    expect(presetsFound(spring, 'nothing', false)).toEqual([])
    expect(presetsFound(spring, 'spring', true)).toHaveLength(2)
  })

  it('are placed as a node of their kind, with a copy of their parameters and their own name', () => {
    useTestCatalog({ ...services, spring })
    useEditor.setState({ graph: { version: 1, name: '', nodes: [], wires: [] }, readOnly: false })
    useEditor.getState().addNode('spring', [0, 0], 'rush')
    useEditor.getState().addNode('spring', [0, 200])
    const [placed, plain] = useEditor.getState().graph.nodes
    expect(placed).toMatchObject({ kind: 'spring', name: 'morning rush', parameters: rush.parameters })
    expect(placed!.parameters).not.toBe(rush.parameters)
    expect(plain).toMatchObject({ kind: 'spring', parameters: {} })
  })
})
