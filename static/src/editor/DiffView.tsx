/** Two states of a diagram compared: a drawing with what was added, removed and changed, and the same as a list. */

import { Text } from '@mantine/core'

import { useCatalog } from '../api/catalog'
import type { Graph, GraphNode } from '../api/types'
import { counted } from '../format'
import { differences, type Differences, type ValueChange } from './differences'
import { groupBoxes, groupsOf, notesOf, waypointsOf } from './annotations'
import { CARD, positionOf } from './graph'
import { around } from './guides'

const WIDTH = 560
const HEIGHT = 240
const SIGNS = { added: '+', removed: '−', changed: '≠', same: '' } as const

type State = keyof typeof SIGNS

/** Whether nothing differs but, perhaps, where things stand. */
export function isEmpty(found: Differences): boolean {
  return [found.added, found.removed, found.changed, found.wiresAdded, found.wiresRemoved, found.wiresChanged, found.settings, found.groups, found.notes, found.bends].every((list) => list.length === 0)
}

const shortened = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

export function DiffView({ before, after, words = ['before', 'after'] }: { before: Graph; after: Graph; words?: [string, string] }) {
  const { services, run } = useCatalog()
  const found = differences(before, after, services, run)
  if (isEmpty(found)) return <Text size="sm" c="dimmed">{found.moved ? `The same, but for the ${found.moved === 1 ? 'place' : 'places'} of ${counted(found.moved, 'node')}.` : 'There is no difference.'}</Text>
  return (
    <div className="diff">
      <DiffDrawing before={before} after={after} found={found} />
      <DiffList before={before} after={after} found={found} words={words} />
    </div>
  )
}

function DiffDrawing({ before, after, found }: { before: Graph; after: Graph; found: Differences }) {
  const changed = new Set(found.changed.map(({ node }) => node.id))
  const added = new Set(found.added.map((node) => node.id))
  const boxes = boxesOf(before, after, found)
  const notes = notesDrawn(before, after, found)
  const drawn: { node: GraphNode; state: State; x: number; y: number }[] = [
    ...after.nodes.map((node) => ({ node, state: (added.has(node.id) ? 'added' : changed.has(node.id) ? 'changed' : 'same') as State, x: positionOf(after, node.id)[0], y: positionOf(after, node.id)[1] })),
    ...found.removed.map((node) => ({ node, state: 'removed' as State, x: positionOf(before, node.id)[0], y: positionOf(before, node.id)[1] })),
  ]
  if (drawn.length === 0 && notes.length === 0) return null
  const { x: left, y: top, width, height } = around([...drawn.map(({ x, y }) => ({ x, y, ...CARD })), ...boxes.map(({ box }) => box), ...notes.map(({ x, y }) => ({ x, y, ...CARD }))])
  const centre = (id: string) => {
    const one = drawn.find(({ node }) => node.id === id)
    return one ? ([one.x + CARD.width / 2, one.y + CARD.height / 2] as const) : null
  }
  const newWires = new Set(found.wiresAdded.map(({ id }) => id))
  const otherWires = new Set(found.wiresChanged.map(({ wire }) => wire.id))
  const wires = [...after.wires.map((wire) => ({ wire, state: newWires.has(wire.id) ? 'added' : otherWires.has(wire.id) ? 'changed' : 'same' })), ...found.wiresRemoved.map((wire) => ({ wire, state: 'removed' }))]
  return (
    <svg className="diff-drawing" viewBox={`${left - 20} ${top - 20} ${width + 40} ${height + 40}`} style={{ maxWidth: WIDTH, maxHeight: HEIGHT }} role="img" aria-label="What differs, drawn; the list below says the same">
      {boxes.map(({ id, box, state, title }) => (
        <g key={`${id} ${state}`} data-diff={state} className="diff-box">
          <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={6} />
          <text x={box.x + 10} y={box.y + 20}>{SIGNS[state]} {title}</text>
        </g>
      ))}
      {wires.map(({ wire, state }) => {
        const [from, to] = [centre(wire.from.node), centre(wire.to.node)]
        const bent = found.bends.some(({ id }) => id === wire.id)
        const via = state === 'removed' ? [] : waypointsOf(after, wire.id)
        return from && to && <polyline key={`${wire.id} ${state}`} data-diff={bent && state === 'same' ? 'changed' : state} points={[from, ...via, to].map((point) => point.join()).join(' ')} />
      })}
      {notes.map(({ id, text, state, x, y }) => <text key={`${id} ${state}`} data-diff={state} className="diff-note" x={x + 6} y={y + 24}>{SIGNS[state]} {shortened(text, 24)}</text>)}
      {drawn.map(({ node, state, x, y }) => (
        <g key={`${node.id} ${state}`} data-diff={state}>
          <rect x={x} y={y} width={CARD.width} height={CARD.height} rx={6} />
          <text x={x + 12} y={y + 40}>{SIGNS[state]} {shortened(node.name || node.id, 18)}</text>
        </g>
      ))}
    </svg>
  )
}

const stateIn = (changes: readonly { id: string; state: State }[], id: string): State => changes.find((change) => change.id === id && change.state !== 'removed')?.state ?? 'same'

/** Boxes as they are, and those that were. */
function boxesOf(before: Graph, after: Graph, found: Differences) {
  const placesOf = (graph: Graph) => Object.fromEntries(graph.nodes.map((node) => [node.id, positionOf(graph, node.id)]))
  const gone = new Set(found.groups.filter(({ state }) => state === 'removed').map(({ id }) => id))
  const [now, then] = [groupBoxes(groupsOf(after), placesOf(after)), groupBoxes(groupsOf(before), placesOf(before))]
  return [
    ...groupsOf(after).flatMap((group) => (now[group.id] ? [{ id: group.id, title: group.title, box: now[group.id]!, state: stateIn(found.groups, group.id) }] : [])),
    ...groupsOf(before).flatMap((group) => (gone.has(group.id) && then[group.id] ? [{ id: group.id, title: group.title, box: then[group.id]!, state: 'removed' as State }] : [])),
  ]
}

function notesDrawn(before: Graph, after: Graph, found: Differences) {
  const gone = new Set(found.notes.filter(({ state }) => state === 'removed').map(({ id }) => id))
  const draw = (graph: Graph, note: { id: string; text: string }, state: State) => ({ id: note.id, text: note.text.split('\n')[0]!, state, x: positionOf(graph, note.id)[0], y: positionOf(graph, note.id)[1] })
  return [...notesOf(after).map((note) => draw(after, note, stateIn(found.notes, note.id))), ...notesOf(before).filter(({ id }) => gone.has(id)).map((note) => draw(before, note, 'removed'))]
}

function DiffList({ before, after, found, words }: { before: Graph; after: Graph; found: Differences; words: [string, string] }) {
  const nameOf = (id: string) => [...after.nodes, ...before.nodes].find((node) => node.id === id)?.name || id
  const between = (value: ValueChange) => <li key={value.title}>{value.title}: <span className="diff-old">{value.before}</span> → <b>{value.after}</b></li>
  return (
    <ul className="diff-list" aria-label={`From ${words[0]} to ${words[1]}`}>
      {found.added.map((node) => <li key={`a${node.id}`} data-diff="added">+ {node.name || node.id}</li>)}
      {found.removed.map((node) => <li key={`r${node.id}`} data-diff="removed">− {node.name || node.id}</li>)}
      {found.wiresAdded.map((wire) => <li key={`w${wire.id}`} data-diff="added">+ wire {nameOf(wire.from.node)} → {nameOf(wire.to.node)}</li>)}
      {found.wiresRemoved.map((wire) => <li key={`x${wire.id}`} data-diff="removed">− wire {nameOf(wire.from.node)} → {nameOf(wire.to.node)}</li>)}
      {found.changed.map(({ node, renamed, values }) => <li key={`c${node.id}`} data-diff="changed">≠ {renamed !== null ? `${renamed} is now called ` : ''}{node.name || node.id}<ul>{values.map(between)}</ul></li>)}
      {found.wiresChanged.map(({ wire, values, led }) => <li key={`y${wire.id}`} data-diff="changed">≠ wire {nameOf(wire.from.node)} → {nameOf(wire.to.node)}{led ? ', led elsewhere' : ''}<ul>{values.map(between)}</ul></li>)}
      {[...found.groups.map((change) => ({ ...change, word: 'box' })), ...found.notes.map((change) => ({ ...change, word: 'note' }))].map(({ id, name, state, what, word }) => (
        <li key={`${word} ${id} ${state}`} data-diff={state}>{SIGNS[state]} {word} {name}{what ? `: ${what}` : ''}</li>
      ))}
      {found.bends.map(({ id, what }) => {
        const wire = after.wires.find((one) => one.id === id)!
        return <li key={`b${id}`} data-diff="changed">≠ wire {nameOf(wire.from.node)} → {nameOf(wire.to.node)}: {what}</li>
      })}
      {found.settings.length > 0 && <li data-diff="changed">≠ settings<ul>{found.settings.map(between)}</ul></li>}
      {found.moved > 0 && <li>{counted(found.moved, 'node')} moved</li>}
    </ul>
  )
}
