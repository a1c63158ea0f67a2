/** The diagrams that are open: one is shown, the others are a click away. */

import { ActionIcon } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useEffect, useState } from 'react'

import { api } from '../api/client'
import { navigate } from '../app/route'
import { saveNow } from './autosave'
import { useEditor } from './store'

const KEY = 'backwater.open'
const MOST = 12

interface Open { id: string; name: string }

function readOpen(): Open[] {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as unknown
    return Array.isArray(found) ? (found as Open[]).filter((one) => typeof one?.id === 'string') : []
  } catch {
    return []
  }
}

const keep = (open: Open[]) => sessionStorage.setItem(KEY, JSON.stringify(open.slice(-MOST)))

const go = async (path: string) => {
  const saved = await saveNow()
  // A conflict has to be settled first.
  if (!saved && useEditor.getState().save === 'conflict') return
  if (path === '/') window.location.assign(path)
  else navigate(path)
}

export function DiagramTabs() {
  const id = useEditor((state) => state.diagramId)
  const name = useEditor((state) => state.graph.name)
  const [open, setOpen] = useState(readOpen)
  useEffect(() => {
    if (!id) return
    setOpen((before) => {
      const next = before.some((one) => one.id === id) ? before.map((one) => (one.id === id ? { id, name } : one)) : [...before, { id, name }].slice(-MOST)
      keep(next)
      return next
    })
  }, [id, name])
  if (!id || open.length < 2) return null
  const close = (gone: Open) => {
    const left = open.filter((one) => one.id !== gone.id)
    keep(left)
    setOpen(left)
    if (gone.id === id) void go(left.length ? `/diagrams/${left[left.length - 1]!.id}/` : '/')
  }
  const begin = async () => {
    const made = await api.createDiagram({ graph: { version: 1, name: 'Untitled', nodes: [], wires: [], run: {} } })
    await go(`/diagrams/${made.id}/`)
  }
  return (
    <nav className="diagram-tabs" aria-label="Open diagrams">
      {open.map((one) => (
        <span key={one.id} data-shown={one.id === id || undefined}>
          <a href={`/diagrams/${one.id}/`} aria-current={one.id === id ? 'page' : undefined} onClick={(event) => { event.preventDefault(); if (one.id !== id) void go(`/diagrams/${one.id}/`) }}>{one.name || 'Untitled'}</a>
          <ActionIcon size={16} variant="subtle" color="gray" aria-label={`Close ${one.name || 'Untitled'}`} onClick={() => close(one)}><IconX size={11} /></ActionIcon>
        </span>
      ))}
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="New diagram" onClick={() => void begin()}><IconPlus size={14} /></ActionIcon>
    </nav>
  )
}
