/** The start page: examples that run with one click, and the visitor's own diagrams. */

import { ActionIcon, Button, Group, Modal, Text, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { IconCopy, IconMoon, IconPlus, IconSun, IconTrash } from '@tabler/icons-react'
import { useCallback, useEffect, useState } from 'react'

import { api, ApiError } from '../api/client'
import type { DiagramListed, Example } from '../api/types'
import { ServiceIcon } from '../app/icons'
import { allKept } from '../editor/kept'
import { KeptWork } from '../editor/KeptWork'
import { fileOf, openFile } from '../editor/opening'
import { formatAgo } from '../format'
import { rememberedSpeed } from '../live/starting'
import { Examples } from './Examples'
import './gallery.css'

const STATES: Record<string, string> = { waiting: 'Waiting to run', running: 'Running', finished: 'Ran to its end', stopped: 'Run stopped', failed: 'Run failed' }
const KINDS_SHOWN = 6

export function Gallery() {
  const [examples, setExamples] = useState<Example[] | null>(null)
  const [diagrams, setDiagrams] = useState<DiagramListed[] | null>(null)
  const [trash, setTrash] = useState<DiagramListed[]>([])
  const [fault, setFault] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const attempt = useCallback(async (work: () => Promise<void>) => {
    setBusy(true)
    setFault(null)
    try {
      await work()
    } catch (error) {
      setFault(error instanceof ApiError ? `${error.message}. ${error.detail.hint}.` : String(error))
      setBusy(false)
    }
  }, [])
  const reload = useCallback(async () => {
    const [used, trashed] = await Promise.all([api.diagrams(), api.trashedDiagrams()])
    setDiagrams(used)
    setTrash(trashed)
    setBusy(false)
  }, [])
  useEffect(() => {
    document.title = 'Backwater'
    void attempt(async () => { setExamples(await api.examples()); await reload() })
  }, [attempt, reload])

  const open = (order: Parameters<typeof api.createDiagram>[0], run: boolean) => void attempt(async () => {
    const diagram = await api.createDiagram(order)
    const started = run ? await api.startRun({ diagram: diagram.id, speed: rememberedSpeed() }) : null
    window.location.assign(`/diagrams/${diagram.id}/${started ? `?run=${started.id}` : ''}`)
  })
  const blank = { version: 1, name: 'Untitled', nodes: [], wires: [], run: {} }
  return (
    <div className="gallery" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); const file = fileOf(event.dataTransfer); if (file) void openFile(file).then(setFault) }}>
      <header className="topbar"><span className="brand">Backwater</span><span className="spacer" /><a className="gallery-link" href="/api/docs/">API</a><SchemeSwitch /></header>
      <main>
        <section className="gallery-intro">
          <div>
            <h1>Draw an AWS messaging architecture, push load through it, see where it backs up.</h1>
            {diagrams?.length === 0 && <p>Open and run an example, or begin with an empty canvas. What you draw is saved as you draw it, and is yours alone: you find it here when you come back with this browser.</p>}
          </div>
          <Button leftSection={<IconPlus size={16} />} disabled={busy} onClick={() => open({ graph: blank }, false)}>New diagram</Button>
        </section>
        {fault && <Text className="finding-error" role="alert">{fault}</Text>}
        {diagrams && <KeptWork except={new Set([...diagrams, ...trash].map(({ id }) => id))} />}
        <Diagrams diagrams={diagrams} busy={busy} duplicate={(id) => void attempt(async () => { await api.duplicateDiagram(id); await reload() })} remove={(id) => void attempt(async () => { await api.deleteDiagram(id); await reload() })} />
        <Trash diagrams={trash} busy={busy} restore={(id) => void attempt(async () => { await api.restoreDiagram(id); await reload() })} erase={(id) => void attempt(async () => { await api.deleteDiagram(id, true); await reload() })} />
        <Examples examples={examples ?? []} busy={busy} open={(slug, run) => open({ example: slug }, run)} />
      </main>
    </div>
  )
}

function Diagrams({ diagrams, busy, duplicate, remove }: { diagrams: DiagramListed[] | null; busy: boolean; duplicate: (id: string) => void; remove: (id: string) => void }) {
  const [kept] = useState(() => new Set(allKept().map(({ id }) => id)))
  if (!diagrams || diagrams.length === 0) return null
  return (
    <section aria-labelledby="diagrams">
      <h2 id="diagrams">Your diagrams</h2>
      <ul className="gallery-list">
        {diagrams.map((diagram) => (
          <li key={diagram.id}>
            <a href={`/diagrams/${diagram.id}/`}>
              <b>{diagram.name || 'Untitled'}</b>
              <span className="gallery-kinds">{diagram.node_kinds.slice(0, KINDS_SHOWN).map((kind, index) => <ServiceIcon key={index} kind={kind} size={18} />)}</span>
              <small>{diagram.latest_run ? STATES[diagram.latest_run.state] : 'Not run yet'}</small>
              <small>Changed {formatAgo(diagram.updated_at)}{kept.has(diagram.id) && '; changes made in this browser are sent when it is opened'}</small>
            </a>
            <Tooltip label="Duplicate"><ActionIcon variant="subtle" color="gray" disabled={busy} aria-label={`Duplicate ${diagram.name}`} onClick={() => duplicate(diagram.id)}><IconCopy size={16} /></ActionIcon></Tooltip>
            <Tooltip label="Move to the trash"><ActionIcon variant="subtle" color="gray" disabled={busy} aria-label={`Delete ${diagram.name}`} onClick={() => remove(diagram.id)}><IconTrash size={16} /></ActionIcon></Tooltip>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What was deleted, until it is restored or deleted for good. */
function Trash({ diagrams, busy, restore, erase }: { diagrams: DiagramListed[]; busy: boolean; restore: (id: string) => void; erase: (id: string) => void }) {
  const [doomed, doom] = useState<DiagramListed | null>(null)
  if (diagrams.length === 0) return null
  return (
    <details className="gallery-trash">
      <summary>Trash ({diagrams.length})</summary>
      <ul className="gallery-list" aria-label="Trash">
        {diagrams.map((diagram) => (
          <li key={diagram.id}>
            <span className="gallery-trashed"><b>{diagram.name || 'Untitled'}</b> <small>Deleted {formatAgo(diagram.trashed_at ?? diagram.updated_at)}</small></span>
            <Button size="compact-xs" variant="default" disabled={busy} aria-label={`Restore ${diagram.name}`} onClick={() => restore(diagram.id)}>Restore</Button>
            <ActionIcon variant="subtle" color="gray" disabled={busy} aria-label={`Delete ${diagram.name} for good`} onClick={() => doom(diagram)}><IconTrash size={16} /></ActionIcon>
          </li>
        ))}
      </ul>
      <Modal opened={doomed !== null} onClose={() => doom(null)} title="Delete this diagram for good?" centered>
        <Text size="sm" mb="md">“{doomed?.name || 'Untitled'}”, all its versions and its runs are deleted. This cannot be undone.</Text>
        <Group justify="flex-end"><Button variant="default" onClick={() => doom(null)} data-autofocus>Keep it</Button><Button color="red" onClick={() => { if (doomed) erase(doomed.id); doom(null) }}>Delete</Button></Group>
      </Modal>
    </details>
  )
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  return <ActionIcon variant="default" size="md" aria-label={scheme === 'dark' ? 'Switch to light colours' : 'Switch to dark colours'} onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}>{scheme === 'dark' ? <IconSun size={16} /> : <IconMoon size={16} />}</ActionIcon>
}
