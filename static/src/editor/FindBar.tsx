/** Finds nodes on the canvas by name or kind, and goes from one to the next. */

import { ActionIcon } from '@mantine/core'
import { IconChevronDown, IconChevronUp, IconX } from '@tabler/icons-react'
import { useMemo, useState } from 'react'

import { useCatalog } from '../api/catalog'
import { useSelection } from '../live'
import { flowOrder } from './flow'
import { backToCanvas } from './focus'
import { focusNode } from './QuickAddList'
import { useStage } from './stage'
import { useEditor } from './store'

export function FindBar() {
  return useStage((state) => state.finding) ? <Bar /> : null
}

function Bar() {
  const graph = useEditor((state) => state.graph)
  const services = useCatalog((state) => state.services)
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const order = useMemo(() => flowOrder(graph), [graph])
  const matching = (wanted: string): string[] => {
    const words = wanted.trim().toLowerCase()
    if (!words) return []
    const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
    return order.filter((id) => [nodes.get(id)!.name, id, services[nodes.get(id)!.kind]?.title ?? '', services[nodes.get(id)!.kind]?.neutral_title ?? '', nodes.get(id)!.kind].some((one) => one.toLowerCase().includes(words)))
  }
  const found = matching(text)
  const show = (index: number, among = found) => {
    const id = among[(index + among.length) % among.length]
    if (!id) return
    setAt((index + among.length) % among.length)
    useSelection.getState().select(id)
  }
  const close = () => {
    useStage.setState({ finding: false })
    if (found[at]) focusNode(found[at])
    else backToCanvas()
  }
  return (
    <div className="find-bar" role="search" aria-label="Find on the canvas">
      <input
        autoFocus aria-label="Find" placeholder="Find a node…" value={text} autoComplete="off"
        onChange={(event) => { setText(event.currentTarget.value); show(0, matching(event.currentTarget.value)) }}
        onKeyDown={(event) => {
          event.stopPropagation()
          if (event.key === 'Enter') show(at + (event.shiftKey ? -1 : 1))
          if (event.key === 'Escape') close()
        }}
      />
      <span role="status">{text.trim() ? (found.length ? `${at + 1} of ${found.length}` : 'None') : ''}{found[at] !== undefined && <span className="visually-hidden">: {graph.nodes.find(({ id }) => id === found[at])?.name}</span>}</span>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Previous" onClick={() => show(at - 1)}><IconChevronUp size={14} /></ActionIcon>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Next" onClick={() => show(at + 1)}><IconChevronDown size={14} /></ActionIcon>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Close the search" onClick={close}><IconX size={14} /></ActionIcon>
    </div>
  )
}
