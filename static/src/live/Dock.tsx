import { ActionIcon, Badge, Button, Tabs } from '@mantine/core'
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'

import { remember } from '../app/remember'
import { useEditor } from '../editor/store'
import { formatQuantity } from '../format'
import { CostPanel } from '../report/CostPanel'
import { PathsPanel } from '../report/PathsPanel'
import { ReportPanel } from '../report/ReportPanel'
import { TracesPanel } from '../report/TracesPanel'
import { WhyPanel } from '../report/WhyPanel'
import { Charts } from './charts/Charts'
import { LogPanel } from './LogPanel'
import { ReplicationProgress } from './ReplicationProgress'
import { useRun } from './runStore'
import { ScriptPanel } from '../script/ScriptPanel'
import { RunsPanel } from './RunsPanel'
import { Transport } from './Transport'
import './live.css'

const KEY = 'backwater.dock'
const LEAST_PX = 120
const MOST_PX = 620

interface Kept { height: number; open: boolean; tab: string }

function readKept(): Kept {
  const usual = { height: 300, open: true, tab: 'charts' }
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Kept>) }
  } catch {
    return usual
  }
}

/** The bottom of the page: what drives a run, and what came of it. It resizes, collapses and remembers. */
export function Dock({ findings }: { findings: ReactNode }) {
  const [kept, keep] = useState(readKept)
  const change = (next: Partial<Kept>) => keep((before) => {
    const after = { ...before, ...next }
    remember(KEY, JSON.stringify(after))
    return after
  })
  const resize = (height: number) => change({ height: Math.min(MOST_PX, Math.max(LEAST_PX, height)) })
  const drag = (start: React.PointerEvent) => {
    const from = kept.height
    const move = (event: PointerEvent) => resize(from + start.clientY - event.clientY)
    const stop = () => { window.removeEventListener('pointermove', move); window.removeEventListener('pointerup', stop) }
    window.addEventListener('pointermove', move)
    window.addEventListener('pointerup', stop)
  }
  return (
    <section className="dock" aria-label="Run" style={kept.open ? { height: kept.height } : undefined}>
      {kept.open && (
        <button
          type="button" className="dock-resizer" role="separator" aria-orientation="horizontal" aria-label="Resize the dock" aria-valuenow={kept.height} aria-valuemin={LEAST_PX} aria-valuemax={MOST_PX} onPointerDown={drag}
          onKeyDown={(event) => {
            const step = { ArrowUp: 16, ArrowDown: -16 }[event.key]
            if (step === undefined) return
            event.stopPropagation()
            resize(kept.height + step)
          }}
        />
      )}
      <Transport />
      <Notice />
      <ReplicationProgress />
      <Tabs className="dock-tabs" value={kept.open ? kept.tab : null} onChange={(tab) => change({ tab: tab ?? kept.tab, open: true })} keepMounted={false} variant="pills" radius="sm">
        <div className="dock-tab-row">
          <TabList />
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={kept.open ? 'Fold the dock' : 'Unfold the dock'} onClick={() => change({ open: !kept.open })}>{kept.open ? <IconChevronDown size={16} /> : <IconChevronUp size={16} />}</ActionIcon>
        </div>
        <div className="dock-body" tabIndex={0}>
          <Tabs.Panel value="charts"><Charts /></Tabs.Panel>
          <Tabs.Panel value="why"><WhyPanel /></Tabs.Panel>
          <Tabs.Panel value="paths"><PathsPanel /></Tabs.Panel>
          <Tabs.Panel value="slowest"><TracesPanel /></Tabs.Panel>
          <Tabs.Panel value="log"><LogPanel /></Tabs.Panel>
          <Tabs.Panel value="findings">{findings}</Tabs.Panel>
          <Tabs.Panel value="cost"><CostPanel /></Tabs.Panel>
          <Tabs.Panel value="report"><ReportPanel /></Tabs.Panel>
          <Tabs.Panel value="script"><ScriptPanel /></Tabs.Panel>
          <Tabs.Panel value="runs"><RunsPanel /></Tabs.Panel>
        </div>
      </Tabs>
    </section>
  )
}

function TabList() {
  const found = useEditor((state) => state.findings.length)
  const lines = useEditor((state) => state.graph.script?.length ?? 0)
  const errors = useEditor((state) => state.findings.some((finding) => finding.severity === 'error'))
  const cost = useRun((state) => (state.report ? formatQuantity(state.report.cost_usd, 'usd') : null))
  return (
    <Tabs.List aria-label="What came of the run">
      <Tabs.Tab value="charts">Charts</Tabs.Tab>
      <Tabs.Tab value="why">Why</Tabs.Tab>
      <Tabs.Tab value="paths">Paths</Tabs.Tab>
      <Tabs.Tab value="slowest">Slowest messages</Tabs.Tab>
      <Tabs.Tab value="log">Log</Tabs.Tab>
      <Tabs.Tab value="findings" rightSection={found > 0 ? <Badge size="xs" color={errors ? 'red' : 'gray'} variant={errors ? 'filled' : 'default'}>{found}</Badge> : undefined}>Findings</Tabs.Tab>
      <Tabs.Tab value="cost">{cost ? `Cost ${cost}` : 'Cost'}</Tabs.Tab>
      <Tabs.Tab value="report">Report</Tabs.Tab>
      <Tabs.Tab value="script" rightSection={lines > 0 ? <Badge size="xs" color="gray" variant="default">{lines}</Badge> : undefined}>Script</Tabs.Tab>
      <Tabs.Tab value="runs">Runs</Tabs.Tab>
    </Tabs.List>
  )
}

/** What stands between the viewer and the run: a lost connection, a failed run, a control that was refused. */
function Notice() {
  const phase = useRun((state) => state.phase)
  const reason = useRun((state) => state.reason)
  const complaint = useRun((state) => state.complaint)
  if (complaint) return <div className="live-notice" data-kind="failed" role="alert">{complaint} <Button size="compact-xs" variant="default" onClick={() => useRun.getState().dismissComplaint()}>Close</Button></div>
  if (phase === 'failed') return <div className="live-notice" data-kind="failed" role="alert"><b>The run failed.</b> {reason}</div>
  if (phase === 'reconnecting') return <div className="live-notice" data-kind="waiting" role="status">{reason} Trying again… <Button size="compact-xs" variant="default" onClick={() => useRun.getState().retryNow()}>Try now</Button></div>
  return null
}
