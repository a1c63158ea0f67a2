/** Commands for boxes, notes and the ways of wires. */

import { addGroup, addNote, changeGroup, groupsOf, removeGroups, setGroupKind, setWaypoints, type Group, type GroupKind, type Note } from './annotations'
import type { Point } from './graph'
import { pointer, useStage } from './stage'
import { useEditor, WRITING } from './store'

/** Put the selected nodes into a box of their own; if they are in one already, it becomes one of this kind. */
export function groupSelection(kind: GroupKind): void {
  const { graph, selection, change } = useEditor.getState()
  const members = graph.nodes.filter((node) => selection.nodes.has(node.id)).map((node) => node.id)
  if (members.length === 0) return
  const own = groupsOf(graph).find((group) => group.members.length === members.length && group.members.every((id) => selection.nodes.has(id)))
  change(own ? setGroupKind(graph, own.id, kind) : addGroup(graph, members, kind)[0])
}

/** Take the boxes away that are round the selected nodes alone. */
export function ungroupSelection(): void {
  const { graph, selection, change } = useEditor.getState()
  const gone = groupsOf(graph).filter((group) => group.members.every((id) => selection.nodes.has(id))).map((group) => group.id)
  if (gone.length) change(removeGroups(graph, new Set(gone)))
}

/** The largest box all of whose nodes are selected. */
function boxSelected(): Group | undefined {
  const { graph, selection } = useEditor.getState()
  return groupsOf(graph).filter((group) => group.members.every((id) => selection.nodes.has(id))).sort((one, other) => other.members.length - one.members.length)[0]
}

/** Type the name of the selected box where it stands. */
export function renameBox(): void {
  const group = boxSelected()
  if (group && !useEditor.getState().readOnly) useStage.setState({ renaming: `group:${group.id}` })
}

/** Fold the selected box into one card, or unfold it. */
export function foldSelection(): void {
  const group = boxSelected()
  if (group) fold(group)
}

export const fold = (group: Group) => useEditor.getState().change(changeGroup(useEditor.getState().graph, group.id, { collapsed: !group.collapsed }))

/** Place a note and let it be written. */
export function writeNote(look: Note['look'], otherwise: Point): void {
  const { graph, change, select, readOnly } = useEditor.getState()
  if (readOnly) return
  const [next, id] = addNote(graph, pointer.at ?? otherwise, look)
  change(next, WRITING + id)
  select([id])
  useStage.setState({ renaming: id })
}

/** Let the selected wires find their own way again. */
export function straighten(): void {
  const { graph, selection, change } = useEditor.getState()
  change([...selection.wires].reduce((next, wire) => setWaypoints(next, wire, []), graph))
}
