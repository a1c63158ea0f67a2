/** What differs between two graphs, as data and in words. */

import type { Graph, GraphNode, GraphWire, Schema, Service, Values } from '../api/types'
import { counted } from '../format'
import { same } from '../forms/schema'
import { settingWords } from '../forms/words'
import { GROUP_WORDS, groupsOf, notesOf, waypointsOf, type Group } from './annotations'
import { wireSchema } from './legality'

/** A setting that changed, and what it was and is, in words. */
export interface ValueChange { parameter: string; title: string; before: string; after: string }
export interface NodeChange { node: GraphNode; renamed: string | null; values: ValueChange[]; moved: boolean }
export interface WireChange { wire: GraphWire; values: ValueChange[]; led: boolean }

export interface Differences {
  added: GraphNode[]
  removed: GraphNode[]
  changed: NodeChange[]
  wiresAdded: GraphWire[]
  wiresRemoved: GraphWire[]
  wiresChanged: WireChange[]
  /** Settings of the run, the account and the diagram itself. */
  settings: ValueChange[]
  moved: number
  /** Boxes, notes and wires bent by hand. */
  groups: ViewChange[]
  notes: ViewChange[]
  bends: ViewChange[]
}

/** What became of a box, a note or the way of a wire; `what` says how it changed. */
export interface ViewChange { id: string; name: string; state: 'added' | 'removed' | 'changed'; what: string }

function valueChanges(before: Values, after: Values, schema?: Schema | null): ValueChange[] {
  const words = (values: Values, name: string) => (values[name] === undefined ? 'default' : settingWords(name, values[name], schema))
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => !same(before[name], after[name]))
    .map((name) => ({ parameter: name, title: schema?.properties?.[name]?.title ?? name, before: words(before, name), after: words(after, name) }))
}

const boardOf = (graph: Graph): readonly unknown[] => (Array.isArray(graph.view?.['board']) ? graph.view['board'] : [])
const chartsOf = (graph: Graph) => counted(boardOf(graph).length, 'chart')

const linesOf = ({ script = [] }: Graph) => (script.length === 1 ? '1 line' : `${script.length} lines`)

/** What must be done to the first graph to get the second; `run` is the schema of the run's settings. */
export function differences(before: Graph, after: Graph, services: Record<string, Service>, run?: Schema | null): Differences {
  const [oldNodes, newNodes] = [new Map(before.nodes.map((node) => [node.id, node])), new Map(after.nodes.map((node) => [node.id, node]))]
  const [oldWires, newWires] = [new Map(before.wires.map((wire) => [wire.id, wire])), new Map(after.wires.map((wire) => [wire.id, wire]))]
  const changed = after.nodes.flatMap((node): NodeChange[] => {
    const old = oldNodes.get(node.id)
    if (!old || old.kind !== node.kind) return []
    const values = old === node ? [] : valueChanges(old.parameters, node.parameters, services[node.kind]?.parameters)
    const moved = !same(before.view?.positions?.[node.id], after.view?.positions?.[node.id])
    const renamed = old.name === node.name ? null : old.name
    return values.length || moved || renamed !== null ? [{ node, renamed, values, moved }] : []
  })
  const wiresChanged = after.wires.flatMap((wire): WireChange[] => {
    const old = oldWires.get(wire.id)
    if (!old || old === wire) return []
    const values = valueChanges(old.parameters, wire.parameters, wireSchema(services, after, wire).schema)
    const led = !same(old.from, wire.from) || !same(old.to, wire.to)
    return values.length || led ? [{ wire, values, led }] : []
  })
  const replaced = (node: GraphNode, others: Map<string, GraphNode>) => others.get(node.id)?.kind !== node.kind
  return {
    added: after.nodes.filter((node) => replaced(node, oldNodes)),
    removed: before.nodes.filter((node) => replaced(node, newNodes)),
    changed: changed.filter((change) => change.values.length || change.renamed !== null),
    wiresAdded: after.wires.filter((wire) => !oldWires.has(wire.id)),
    wiresRemoved: before.wires.filter((wire) => !newWires.has(wire.id)),
    wiresChanged,
    settings: [
      ...(before.name === after.name ? [] : [{ parameter: 'name', title: 'Name', before: before.name || 'Untitled', after: after.name || 'Untitled' }]),
      ...valueChanges(before.run ?? {}, after.run ?? {}, run),
      ...(same(before.script ?? [], after.script ?? []) ? [] : [{ parameter: 'script', title: 'Fault script', before: linesOf(before), after: linesOf(after) }]),
      ...(same(before.description ?? '', after.description ?? '') ? [] : [{ parameter: 'description', title: 'Description', before: firstLine(before.description ?? '') || 'none', after: firstLine(after.description ?? '') || 'none' }]),
      ...(same(boardOf(before), boardOf(after)) ? [] : [{ parameter: 'board', title: 'Board', before: chartsOf(before), after: `${chartsOf(after)}${boardOf(before).length === boardOf(after).length ? ', not the same' : ''}` }]),
      ...valueChanges(before.account ?? {}, after.account ?? {}, { properties: Object.fromEntries(Object.entries(services).map(([kind, service]) => [kind, { ...service.account_parameters, title: `${service.title}, in the account` }])) }),
    ],
    moved: changed.filter((change) => change.moved).length,
    groups: viewChanges(groupsOf(before), groupsOf(after), (group) => group.title, groupChange),
    notes: viewChanges(notesOf(before), notesOf(after), (note) => firstLine(note.text), (old, note) => [old.text === note.text ? '' : 'other text', same(before.view?.positions?.[note.id], after.view?.positions?.[note.id]) ? '' : 'moved'].filter(Boolean).join(', ')),
    bends: bendsBetween(before, after),
  }
}

const LONGEST_NAME = 40

const firstLine = (text: string) => {
  const line = text.split('\n')[0]!.trim()
  return line.length > LONGEST_NAME ? `${line.slice(0, LONGEST_NAME)}…` : line
}

function viewChanges<Kept extends { id: string }>(before: readonly Kept[], after: readonly Kept[], nameOf: (kept: Kept) => string, what: (old: Kept, kept: Kept) => string): ViewChange[] {
  const [olds, news] = [new Map(before.map((kept) => [kept.id, kept])), new Map(after.map((kept) => [kept.id, kept]))]
  return [
    ...after.flatMap((kept): ViewChange[] => {
      const old = olds.get(kept.id)
      const how = old ? what(old, kept) : ''
      return old && how === '' ? [] : [{ id: kept.id, name: nameOf(kept), state: old ? 'changed' : 'added', what: how }]
    }),
    ...before.filter((kept) => !news.has(kept.id)).map((kept): ViewChange => ({ id: kept.id, name: nameOf(kept), state: 'removed', what: '' })),
  ]
}

function groupChange(old: Group, group: Group): string {
  const [joined, left] = [group.members.filter((id) => !old.members.includes(id)).length, old.members.filter((id) => !group.members.includes(id)).length]
  return [
    old.title === group.title ? '' : `was called ${old.title}`, old.kind === group.kind ? '' : `was ${GROUP_WORDS[old.kind]}, is ${GROUP_WORDS[group.kind]}`,
    joined ? `${joined} more in it` : '', left ? `${left} no longer in it` : '', Boolean(old.collapsed) === Boolean(group.collapsed) ? '' : group.collapsed ? 'folded' : 'unfolded',
  ].filter(Boolean).join(', ')
}

/** Wires that are in both and pass other points by hand. */
function bendsBetween(before: Graph, after: Graph): ViewChange[] {
  const old = new Set(before.wires.map((wire) => wire.id))
  return after.wires.filter((wire) => old.has(wire.id) && !same(waypointsOf(before, wire.id), waypointsOf(after, wire.id))).map((wire) => {
    const [had, has] = [waypointsOf(before, wire.id).length, waypointsOf(after, wire.id).length]
    return { id: wire.id, name: '', state: 'changed', what: has === 0 ? 'finds its own way' : had === 0 ? 'bent by hand' : 'bent otherwise' }
  })
}

const list = (names: string[]) => (names.length > 3 ? `${names.length} nodes` : names.join(', '))

/** What was set to what; of several settings only their names, or nobody would listen to the end. */
const valuesSaid = (values: readonly ValueChange[], of: string) => `${values.map(({ title }) => title.toLowerCase()).join(', ')}${of}${values.length === 1 ? ` to ${values[0]!.after}` : ''}`

/** One sentence on a change, for those who do not see it; empty where nothing is worth saying. */
export function sentenceOn(before: Graph, after: Graph, services: Record<string, Service>, run?: Schema | null): string {
  const found = differences(before, after, services, run)
  const nameOf = (id: string) => [...after.nodes, ...before.nodes].find((node) => node.id === id)?.name || id
  const wires = (some: GraphWire[]) => (some.length > 2 ? `${some.length} wires` : some.map((wire) => `wire from ${nameOf(wire.from.node)} to ${nameOf(wire.to.node)}`).join(', '))
  const parts = [
    found.added.length ? `Added ${list(found.added.map((node) => node.name || node.id))}` : '',
    found.removed.length ? `Removed ${list(found.removed.map((node) => node.name || node.id))}` : '',
    found.wiresAdded.length ? `Laid ${wires(found.wiresAdded)}` : '',
    found.wiresRemoved.length ? `Removed ${wires(found.wiresRemoved)}` : '',
    ...found.wiresChanged.filter((change) => change.led).map(({ wire }) => `Led a wire from ${nameOf(wire.from.node)} to ${nameOf(wire.to.node)}`),
    ...found.changed.map(({ node, renamed, values }) => (renamed !== null ? `Renamed ${renamed} to ${node.name}` : `Set ${valuesSaid(values, ` of ${node.name || node.id}`)}`)),
    ...found.wiresChanged.filter(({ values }) => values.length > 0).map(({ wire, values }) => `Set ${valuesSaid(values, ` of the wire from ${nameOf(wire.from.node)} to ${nameOf(wire.to.node)}`)}`),
    found.settings.length ? `Set ${valuesSaid(found.settings, '')}` : '',
  ].filter(Boolean)
  const said = (changes: ViewChange[], word: string) => changes.map((change) => (change.state === 'changed' ? `Changed ${word} ${change.name}: ${change.what}` : `${change.state === 'added' ? 'Added' : 'Removed'} ${word} ${change.name}`))
  parts.push(...said(found.groups, 'box'), ...said(found.notes.filter((change) => change.what !== 'moved'), 'note'))
  if (parts.length === 0 && found.moved) return found.moved === 1 ? 'Moved a node' : `Moved ${found.moved} nodes`
  return parts.slice(0, 3).join('. ')
}
