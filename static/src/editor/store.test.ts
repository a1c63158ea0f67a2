import { beforeEach, describe, expect, it } from 'vitest'

import type { Diagram } from '../api/types'
import { graphOf, useTestCatalog, wire } from '../testing/services'
import { clip } from './graph'
import { history, openDiagram, redo, undo, useEditor } from './store'

const diagram = (id = 'd1'): Diagram => ({
  id, name: 'test', version: 4, created_at: '', updated_at: '', latest_run: null, findings: [],
  graph: graphOf({ s: 'spring', b: 'basin', m: 'mill' }, [wire('w1', 's.out', 'b.in')]),
})

const editor = () => useEditor.getState()

beforeEach(() => {
  useTestCatalog()
  openDiagram(diagram())
})

describe('undo and redo', () => {
  it('takes one step for each change, parameters, names and run settings included', () => {
    const start = editor().graph
    editor().addNode('log', [500, 500])
    editor().setParameters(['b'], 'delay_s', 3)
    editor().rename('b', 'orders')
    editor().setRun('duration_s', 60)
    editor().connect({ node: 'b', port: 'out' }, { node: 'm', port: 'pulls' })
    editor().move({ b: [40, 40] })
    const end = editor().graph
    for (let count = 0; count < 6; count += 1) undo()
    expect(editor().graph).toEqual(start)
    expect(history.getState().pastStates).toHaveLength(0)
    for (let count = 0; count < 6; count += 1) redo()
    expect(editor().graph).toEqual(end)
  })

  it('brings back a removed node with its wires in one step', () => {
    editor().select(['b'])
    editor().removeSelected()
    expect(editor().graph.wires).toHaveLength(0)
    undo()
    expect(editor().graph.nodes.map((node) => node.id)).toContain('b')
    expect(editor().graph.wires).toHaveLength(1)
  })

  it('forgets what was undone once something else is changed', () => {
    editor().rename('b', 'one')
    undo()
    editor().rename('b', 'two')
    redo()
    expect(editor().graph.nodes[1]!.name).toBe('two')
  })

  it('takes one step for a held arrow key, and a new one after anything else', () => {
    const start = editor().graph
    editor().select(['b'])
    for (let count = 0; count < 5; count += 1) editor().nudge(10, 0)
    expect(history.getState().pastStates).toHaveLength(1)
    editor().rename('b', 'orders')
    editor().nudge(10, 0)
    undo()
    editor().nudge(0, 10)
    editor().nudge(0, 10)
    undo()
    undo()
    undo()
    expect(editor().graph).toEqual(start)
  })

  it('does not reach into a diagram that was open before', () => {
    editor().rename('b', 'one')
    openDiagram(diagram('d2'))
    undo()
    expect(editor().diagramId).toBe('d2')
    expect(editor().graph).toEqual(diagram('d2').graph)
  })

  it('is no step to select, to save or to learn of findings', () => {
    editor().select(['b'])
    editor().saved(5)
    editor().setFindings([])
    expect(history.getState().pastStates).toHaveLength(0)
  })

  it('leaves unsaved work behind, so that undoing is saved too', () => {
    editor().rename('b', 'one')
    editor().saved(5)
    undo()
    expect(editor().save).toBe('unsaved')
  })

  it('selects nothing that is gone', () => {
    editor().addNode('log', [0, 0])
    expect(editor().selection.nodes.size).toBe(1)
    undo()
    expect(editor().selection.nodes.size).toBe(0)
  })
})

describe('editing', () => {
  it('selects what was added or pasted', () => {
    editor().addNode('log', [0, 0])
    expect([...editor().selection.nodes]).toEqual([editor().graph.nodes.at(-1)!.id])
    editor().pasteClipping(clip(editor().graph, new Set(['s', 'b'])))
    expect(editor().selection.nodes.size).toBe(2)
    expect(editor().graph.wires).toHaveLength(2)
  })

  it('nudges the selected nodes only', () => {
    editor().select(['b'])
    editor().nudge(20, 0)
    expect(editor().graph.view?.positions).toMatchObject({ s: [0, 0], b: [320, 0] })
  })

  it('drops account settings that are all back at their defaults', () => {
    editor().setAccount('mill', 'stones', 2)
    expect(editor().graph.account).toEqual({ mill: { stones: 2 } })
    editor().setAccount('mill', 'stones', undefined)
    expect(editor().graph.account).toEqual({})
  })

  it('changes nothing in a run that is only watched', () => {
    editor().show({ graph: diagram().graph, diagram_version: 1 } as Parameters<ReturnType<typeof editor>['show']>[0])
    const before = editor().graph
    editor().addNode('log', [0, 0])
    editor().rename('b', 'x')
    editor().select(['b'])
    editor().removeSelected()
    editor().connect({ node: 'b', port: 'out' }, { node: 'm', port: 'pulls' })
    expect(editor().graph).toBe(before)
  })
})
