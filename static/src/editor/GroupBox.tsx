/** A named box round nodes, the card it folds into, and notes. */

import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import { IconArrowsMaximize, IconArrowsMinimize, IconChevronDown } from '@tabler/icons-react'
import { Handle, Position, type NodeProps } from '@xyflow/react'
import { memo, useEffect, useState } from 'react'

import { counted } from '../format'
import { changeGroup, GROUP_WORDS, groupsOf, notesOf, setGroupKind, setNote, type Group, type GroupKind } from './annotations'
import { FOLDED_HANDLE, TARGET_HANDLE } from './edges'
import { focusNode } from './QuickAddList'
import { fold } from './grouping'
import { useStage } from './stage'
import { useEditor, WRITING } from './store'

const useGroup = (id: unknown): Group | undefined => {
  const graph = useEditor((state) => state.graph)
  return groupsOf(graph).find((group) => group.id === id)
}

const pick = (group: Group) => useEditor.getState().select(group.members)

export const GroupBox = memo(function GroupBox({ data }: NodeProps) {
  const group = useGroup(data['group'])
  const readOnly = useEditor((state) => state.readOnly)
  if (!group) return null
  return (
    <div className="box" data-kind={group.kind}>
      <div className="box-head" onClick={() => pick(group)}>
        <Title group={group} readOnly={readOnly} />
        <KindOfBox group={group} readOnly={readOnly} />
        {!readOnly && <Tooltip label="Fold"><ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Fold ${group.title}`} className="nodrag" onClick={(event) => { event.stopPropagation(); fold(group) }}><IconArrowsMinimize size={12} /></ActionIcon></Tooltip>}
      </div>
    </div>
  )
})

const KINDS = Object.keys(GROUP_WORDS) as GroupKind[]

/** What kind of box it is, and the choice of another. */
function KindOfBox({ group, readOnly }: { group: Group; readOnly: boolean }) {
  const words = group.title === GROUP_WORDS[group.kind] ? '' : GROUP_WORDS[group.kind]
  if (readOnly) return <small>{words}</small>
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target><button type="button" className="box-kind nodrag" aria-label={`Kind of ${group.title}: ${GROUP_WORDS[group.kind]}`} onClick={(event) => event.stopPropagation()}>{words}<IconChevronDown size={11} /></button></Menu.Target>
      <Menu.Dropdown onClick={(event) => event.stopPropagation()}>
        {KINDS.map((kind) => <Menu.Item key={kind} aria-current={kind === group.kind || undefined} onClick={() => useEditor.getState().change(setGroupKind(useEditor.getState().graph, group.id, kind))}>{GROUP_WORDS[kind]}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  )
}

/** The name, typed in place after a double-click. */
function Title({ group, readOnly }: { group: Group; readOnly: boolean }) {
  const renaming = useStage((state) => state.renaming === `group:${group.id}`)
  const [text, setText] = useState(group.title)
  // However renaming is begun, it begins with the name that stands there.
  useEffect(() => { if (renaming) setText(group.title) }, [renaming, group.title])
  const done = (keep: boolean) => {
    useStage.setState({ renaming: null })
    if (keep && text.trim() && text !== group.title) useEditor.getState().change(changeGroup(useEditor.getState().graph, group.id, { title: text.trim() }))
  }
  if (!renaming) return <b title={group.title} onDoubleClick={(event) => { event.stopPropagation(); if (!readOnly) useStage.setState({ renaming: `group:${group.id}` }) }}>{group.title}</b>
  return (
    <input
      className="card-rename nodrag nopan" aria-label="New name" value={text} maxLength={200} autoFocus onFocus={(event) => event.currentTarget.select()} onClick={(event) => event.stopPropagation()}
      onChange={(event) => setText(event.currentTarget.value)} onBlur={() => { if (useStage.getState().renaming) done(true) }}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key === 'Enter') done(true)
        if (event.key === 'Escape') done(false)
      }}
    />
  )
}

export const FoldedGroup = memo(function FoldedGroup({ data }: NodeProps) {
  const group = useGroup(data['group'])
  const readOnly = useEditor((state) => state.readOnly)
  if (!group) return null
  return (
    <div className="card folded" data-idle onDoubleClick={() => { if (!readOnly) fold(group) }}>
      <div className="card-head">
        <div className="card-words"><div className="card-name"><Title group={group} readOnly={readOnly} /></div><div className="card-kind">{GROUP_WORDS[group.kind]}, {counted(group.members.length, 'node')}</div></div>
        {!readOnly && <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Unfold ${group.title}`} className="nodrag" onClick={(event) => { event.stopPropagation(); fold(group) }}><IconArrowsMaximize size={14} /></ActionIcon>}
      </div>
      <Handle type="target" id={TARGET_HANDLE} position={Position.Left} isConnectable={false} aria-hidden />
      <Handle type="source" id={FOLDED_HANDLE} position={Position.Right} isConnectable={false} aria-hidden />
    </div>
  )
})

export const NoteCard = memo(function NoteCard({ id }: NodeProps) {
  const graph = useEditor((state) => state.graph)
  const readOnly = useEditor((state) => state.readOnly)
  const note = notesOf(graph).find((found) => found.id === id)
  const editing = useStage((state) => state.renaming === id)
  const [text, setText] = useState(note?.text ?? '')
  // However writing is begun, it begins with what stands there.
  useEffect(() => { if (editing) setText(note?.text ?? '') }, [editing, note?.text])
  if (!note) return null
  const done = (next: string) => {
    useStage.setState({ renaming: null })
    if (next !== note.text || next.trim() === '') useEditor.getState().change(setNote(useEditor.getState().graph, id, next), note.text === '' ? WRITING + id : undefined)
  }
  if (editing) {
    return (
      <textarea
        className="note nodrag nopan nowheel" data-look={note.look} aria-label="Text of the note" value={text} autoFocus rows={3} maxLength={4000} onChange={(event) => setText(event.currentTarget.value)} onBlur={() => { if (useStage.getState().renaming === id) done(text) }}
        onKeyDown={(event) => {
          event.stopPropagation()
          if (event.key === 'Escape' || (event.key === 'Enter' && (event.ctrlKey || event.metaKey))) {
            done(text)
            focusNode(id)
          }
        }}
      />
    )
  }
  return <div className="note" data-look={note.look} onDoubleClick={() => { if (!readOnly) { setText(note.text); useStage.setState({ renaming: id }) } }}>{note.text || '…'}</div>
})
