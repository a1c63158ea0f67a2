/** The page of a diagram: palette, canvas, inspector, dock. Also shows a run alone, read-only. */

import { ActionIcon, Button, Group, Menu, Modal, SegmentedControl, Text, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import '@mantine/spotlight/styles.css'
import { IconArrowBackUp, IconArrowForwardUp, IconChevronLeft, IconChevronRight, IconCommand, IconMoon, IconShare, IconSun } from '@tabler/icons-react'
import { ReactFlowProvider, useReactFlow } from '@xyflow/react'
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode, type RefObject } from 'react'

import { followPorts, useCatalog } from '../api/catalog'
import { api, ApiError } from '../api/client'
import { Halt } from '../app/Halt'
import { remember } from '../app/remember'
import { Dock, momentOf, RunControls, useRun } from '../live'
import { WhoControls } from '../live/WhoControls'
import { saveNow, settled, startAutosave } from './autosave'
import { Canvas } from './Canvas'
import { CommandPalette, Keys, openPalette } from './CommandPalette'
import { commandsOf, type Command } from './commands'
import { FindingsPanel } from './FindingsPanel'
import { groupsOf } from './annotations'
import { fitAll } from './fitting'
import { foldedInto } from './groupNodes'
import { backToCanvas, useKeptFocus } from './focus'
import { DiagramTabs } from './DiagramTabs'
import { ExportDialog } from './ExportDialog'
import { HistoryDialog } from './HistoryDialog'
import { Inspector } from './Inspector'
import { takeKept } from './kept'
import { KeptWork } from './KeptWork'
import { Outline } from './Outline'
import { showLeft, useLeftPanel } from './leftPanel'
import { Palette } from './Palette'
import { ConflictDialog, GoneDialog, SaveState } from './SaveDialogs'
import { useShortcuts } from './shortcuts'
import { resetStage } from './stage'
import { restoreHistory, stashHistory } from './stash'
import { openDiagram, redo, undo, history, useEditor, useHistory } from './store'

export function EditorPage({ diagramId, runId }: { diagramId?: string; runId?: string }) {
  const [fault, setFault] = useState<string | null>(null)
  const [ready, setReady] = useState(false)

  useEffect(() => {
    let live = true
    const load = async () => {
      const wanted = new URLSearchParams(window.location.search)
      try {
        if (diagramId) {
          await settled()
          const diagram = await api.diagram(diagramId)
          if (!live) return
          openDiagram(diagram)
          const kept = takeKept(diagramId)
          if (kept) {
            useEditor.setState({ graph: kept.graph, version: kept.base, save: 'unsaved' })
            history.getState().clear()
            void saveNow()
          }
          restoreHistory()
          const run = wanted.get('run') ?? (diagram.latest_run?.id ?? null)
          if (run) watchAt(run)
        } else if (runId) {
          const run = await api.run(runId, wanted.get('key') ?? undefined)
          if (!live) return
          useEditor.getState().show(run)
          history.getState().clear()
          watchAt(runId)
        }
        setReady(true)
      } catch (error) {
        setFault(error instanceof ApiError ? `${error.message}. ${error.detail.hint}.` : String(error))
      }
    }
    void load()
    const stop = startAutosave()
    return () => {
      live = false
      stashHistory()
      void saveNow()
      stop()
      resetStage()
      useRun.getState().leave()
    }
  }, [diagramId, runId])

  if (fault) return <Halt title="This cannot be opened" text={fault}><KeptWork of={diagramId ?? ''} /><Button component="a" href="/" variant="default">Start page</Button></Halt>
  if (!ready) return <Text m="xl" c="dimmed" role="status">Loading…</Text>
  return <ReactFlowProvider><Editor /></ReactFlowProvider>
}

/** Watch a run, from the moment that the address asks for. */
function watchAt(run: string): void {
  const { at_s, problem } = momentOf(window.location.search)
  void useRun.getState().watch(run, at_s)
  if (problem) useRun.setState({ complaint: problem })
}

function Editor() {
  const readOnly = useEditor((state) => state.readOnly)
  const name = useEditor((state) => state.graph.name)
  const diagramId = useEditor((state) => state.diagramId)
  const nodes = useEditor((state) => state.graph.nodes)
  const loaded = useCatalog((state) => state.loaded)
  const flow = useReactFlow()
  const search = useRef<HTMLInputElement>(null)
  const [help, setHelp] = useState(false)
  const commands = useMemo(
    () => commandsOf({
      fit: () => void fitAll(flow),
      fitSelection: () => {
        const { selection, graph } = useEditor.getState()
        const ids = new Set([...selection.nodes, ...graph.wires.filter((wire) => selection.wires.has(wire.id)).flatMap((wire) => [wire.from.node, wire.to.node])])
        const folded = foldedInto(groupsOf(graph))
        if (ids.size) void flow.fitView({ nodes: [...ids].map((id) => ({ id: folded[id] ?? id })), padding: 0.2, maxZoom: 1.5 })
      },
      zoomIn: () => void flow.zoomIn(), zoomOut: () => void flow.zoomOut(), actualSize: () => void flow.zoomTo(1),
      centre: () => {
        const box = document.querySelector('.canvas')!.getBoundingClientRect()
        const { x, y } = flow.screenToFlowPosition({ x: box.left + box.width / 2, y: box.top + box.height / 2 })
        return [x, y]
      },
      run: () => document.querySelector<HTMLElement>('.run-controls button')?.click(),
      search: () => { showLeft('palette'); search.current?.focus() }, palette: openPalette, help: () => setHelp(true),
    }),
    [flow],
  )
  useShortcuts(commands)
  useKeptFocus()

  useEffect(() => { void followPorts(nodes) }, [nodes, loaded])

  useEffect(() => { document.title = `${name || 'Untitled'} · Backwater` }, [name])

  return (
    <div className="editor">
      <a className="skip-link" href="#diagram" onClick={(event) => { event.preventDefault(); backToCanvas() }}>Skip to the diagram</a>
      <TopBar commands={commands}>{diagramId && <span className="run-controls"><RunControls /></span>}</TopBar>
      <DiagramTabs />
      <div className="workspace">
        <SidePanel side="left" name={readOnly ? 'outline' : 'palette'} width={244} title={readOnly ? 'Outline' : 'Services'} closed={readOnly}>{readOnly ? <Outline /> : <LeftTabs search={search} />}</SidePanel>
        <main className="middle">
          <Canvas commands={commands} />
          <Dock findings={<FindingsPanel />} />
        </main>
        <SidePanel side="right" name="inspector" width={316} title="Inspector"><Inspector /></SidePanel>
      </div>
      <CommandPalette commands={commands} />
      <ShortcutHelp commands={commands} opened={help} close={() => setHelp(false)} />
      <ConflictDialog />
      <GoneDialog />
      <HistoryDialog />
      <ExportDialog />
    </div>
  )
}

function LeftTabs({ search }: { search: RefObject<HTMLInputElement | null> }) {
  const tab = useLeftPanel((state) => state.tab)
  return (
    <>
      <SegmentedControl className="left-tabs" size="xs" value={tab} onChange={(next) => useLeftPanel.setState({ tab: next as 'palette' | 'outline' })} data={[{ value: 'palette', label: 'Services' }, { value: 'outline', label: 'Outline' }]} aria-label="Left panel" />
      {tab === 'palette' ? <Palette ref={search} /> : <Outline />}
    </>
  )
}

function TopBar({ commands, children }: { commands: readonly Command[]; children: ReactNode }) {
  const editor = useEditor()
  const { canUndo, canRedo } = useHistory()
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const viewUrl = useRun((state) => state.run?.view_url ?? null)
  const [name, setName] = useState(editor.graph.name)
  const [copied, setCopied] = useState(false)
  useEffect(() => setName(editor.graph.name), [editor.graph.name])
  const share = () => {
    if (!viewUrl) return
    void navigator.clipboard?.writeText(new URL(viewUrl, window.location.href).href).then(() => setCopied(true), () => undefined)
    window.setTimeout(() => setCopied(false), 2500)
  }
  const button = (id: string) => commands.find((command) => command.id === id)!
  return (
    <header className="topbar">
      <a href="/" className="brand" aria-label="Backwater, start page">Backwater</a>
      <span className="slash">/</span>
      <div className="diagram-name">
        <input
          className="mantine-Input-input" aria-label="Name of the diagram" value={name} placeholder="Untitled" maxLength={200} readOnly={editor.readOnly} size={Math.min(40, Math.max(10, name.length + 1))}
          onChange={(event) => setName(event.currentTarget.value)} onBlur={() => { if (name !== editor.graph.name) editor.setName(name) }}
          onKeyDown={(event) => { if (event.key === 'Enter') event.currentTarget.blur(); if (event.key === 'Escape') setName(editor.graph.name) }}
        />
      </div>
      <SaveState />
      <span className="spacer" />
      {!editor.readOnly && (
        <Group gap={4} wrap="nowrap" className="hide-narrow">
          <Tooltip label="Undo (Ctrl+Z)"><ActionIcon variant="default" size="md" aria-label="Undo" disabled={!canUndo} onClick={undo}><IconArrowBackUp size={16} /></ActionIcon></Tooltip>
          <Tooltip label="Redo (Ctrl+Shift+Z)"><ActionIcon variant="default" size="md" aria-label="Redo" disabled={!canRedo} onClick={redo}><IconArrowForwardUp size={16} /></ActionIcon></Tooltip>
        </Group>
      )}
      <Tooltip label="Commands (Ctrl+K)"><ActionIcon variant="default" size="md" aria-label="Commands" onClick={button('palette').run}><IconCommand size={16} /></ActionIcon></Tooltip>
      <Tooltip label={scheme === 'dark' ? 'Light' : 'Dark'}><ActionIcon variant="default" size="md" aria-label={scheme === 'dark' ? 'Switch to light colours' : 'Switch to dark colours'} onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}>{scheme === 'dark' ? <IconSun size={16} /> : <IconMoon size={16} />}</ActionIcon></Tooltip>
      {viewUrl && (
        <Menu position="bottom-end">
          <Menu.Target><Button size="compact-md" variant="default" leftSection={<IconShare size={15} />} className="hide-narrow">Share</Button></Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={share} closeMenuOnClick={false}>{copied ? 'Link copied' : 'Copy a link to watch this run'}</Menu.Item>
            <Menu.Item component="a" href={viewUrl} target="_blank">Open what others will see</Menu.Item>
            <WhoControls />
          </Menu.Dropdown>
        </Menu>
      )}
      {children}
    </header>
  )
}

function SidePanel({ side, name, width, title, closed = false, children }: { side: 'left' | 'right'; name: string; width: number; title: string; closed?: boolean; children: ReactNode }) {
  const key = `backwater.panel.${name}`
  const [state, setState] = useState<{ width: number; open: boolean }>(() => {
    try {
      return { width, open: !closed, ...(JSON.parse(localStorage.getItem(key) ?? '{}') as object) }
    } catch {
      return { width, open: !closed }
    }
  })
  const change = (next: Partial<typeof state>) => setState((before) => {
    const after = { ...before, ...next }
    remember(key, JSON.stringify(after))
    return after
  })
  const asked = useLeftPanel((panel) => (side === 'left' ? panel.asked : 0))
  const [before] = useState(asked)
  useLayoutEffect(() => { if (asked > before) setState((now) => ({ ...now, open: true })) }, [asked, before])
  const resize = (by: number) => change({ width: Math.min(560, Math.max(170, state.width + by)) })
  const drag = (start: React.PointerEvent) => {
    const from = state.width
    const move = (event: PointerEvent) => change({ width: Math.min(560, Math.max(170, from + (event.clientX - start.clientX) * (side === 'left' ? 1 : -1))) })
    const stop = () => { window.removeEventListener('pointermove', move); window.removeEventListener('pointerup', stop) }
    window.addEventListener('pointermove', move)
    window.addEventListener('pointerup', stop)
  }
  const [Open, Close] = side === 'left' ? [IconChevronRight, IconChevronLeft] : [IconChevronLeft, IconChevronRight]
  if (!state.open) {
    return <aside className={`panel panel-${side} panel-collapsed`} aria-label={title}><ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Show ${title}`} onClick={() => change({ open: true })}><Open size={16} /></ActionIcon></aside>
  }
  return (
    <aside className={`panel panel-${side}`} style={{ width: state.width }} aria-label={title}>
      {children}
      <button
        type="button" className="resizer" role="separator" aria-orientation="vertical" aria-label={`Resize ${title}; Enter hides it`} aria-valuenow={state.width} aria-valuemin={170} aria-valuemax={560} onPointerDown={drag}
        onDoubleClick={() => change({ open: false })}
        onKeyDown={(event) => {
          const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key]
          if (step === undefined && event.key !== 'Enter') return
          event.stopPropagation()
          if (step === undefined) change({ open: false })
          else resize(side === 'left' ? step : -step)
        }}
      />
      <ActionIcon className="panel-hide" variant="default" size="xs" aria-label={`Hide ${title}`} onClick={() => change({ open: false })}><Close size={14} /></ActionIcon>
    </aside>
  )
}

function ShortcutHelp({ commands, opened, close }: { commands: readonly Command[]; opened: boolean; close: () => void }) {
  const groups = [...new Set(commands.map((command) => command.group))]
  return (
    <Modal opened={opened} onClose={close} title="Keyboard shortcuts" size={860}>
      <div className="shortcuts">
        {groups.map((group) => (
          <section key={group}>
            <h3 className="section-title">{group}</h3>
            {commands.filter((command) => command.group === group && command.keys.length && !command.toldWith).map((command) => (
              <div key={command.id} className="shortcut"><span>{command.told?.title ?? command.title}</span><span>{(command.told?.keys ?? command.keys).map((keys) => <Keys key={keys} keys={keys} />)}</span></div>
            ))}
          </section>
        ))}
      </div>
    </Modal>
  )
}
