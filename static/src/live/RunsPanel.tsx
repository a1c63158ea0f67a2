import { Button, Checkbox, Text } from '@mantine/core'
import { IconArrowsDiff } from '@tabler/icons-react'
import { useEffect, useState } from 'react'

import { api } from '../api/client'
import type { Run } from '../api/types'
import { compareLink } from '../compare/comparing'
import { useEditor } from '../editor/store'
import { formatAgo, formatClock } from '../format'
import { isOver } from './runSocket'
import { sentenceOf, useRun, viewKey } from './runStore'

const WORDS: Record<Run['state'], string> = { waiting: 'Waiting', running: 'Running', finished: 'Finished', stopped: 'Stopped', failed: 'Failed' }
const MOST = 6

/** The runs of this diagram, the latest first: to open again, and to compare with each other. */
export function RunsPanel() {
  const diagram = useEditor((state) => state.diagramId)
  const shown = useRun((state) => state.run)
  const [runs, setRuns] = useState<Run[] | null>(null)
  const [fault, setFault] = useState<string | null>(null)
  const [chosen, choose] = useState<readonly string[]>([])
  const over = isOver(shown)
  useEffect(() => {
    if (!diagram) return
    let live = true
    api.runs(diagram).then((found) => { if (live) setRuns(found) }, (error: unknown) => { if (live) setFault(sentenceOf(error)) })
    return () => { live = false }
  }, [diagram, shown?.id, over])
  if (!diagram) return <Text size="sm" c="dimmed">The runs of a diagram are listed where it is edited.{shown && over ? ' ' : ''}{shown && over && <a href={compareLink([shown.id], [viewKey() ?? ''])}>Compare this run with another</a>}</Text>
  if (fault) return <Text size="sm" className="finding-error" role="alert">{fault}</Text>
  if (!runs) return <Text size="sm" c="dimmed" role="status">Loading…</Text>
  if (runs.length === 0) return <Text size="sm" c="dimmed">Not run yet. Every run is kept here with its result.</Text>
  const comparable = (run: Run) => run.state === 'finished' || run.state === 'stopped'
  const toggle = (id: string) => choose(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-MOST))
  return (
    <div className="runs">
      <div className="live-row">
        <Button component="a" href={chosen.length > 1 ? compareLink(chosen) : undefined} size="compact-sm" variant="default" leftSection={<IconArrowsDiff size={14} />} data-disabled={chosen.length < 2 || undefined} aria-disabled={chosen.length < 2 || undefined} title={chosen.length < 2 ? 'Choose two runs or more' : 'The first chosen is the one the others are compared with'}>Compare{chosen.length > 1 ? ` ${chosen.length} runs` : ''}</Button>
        {chosen.length < 2 && <Text size="sm" c="dimmed">{runs.length > 1 ? 'Choose two runs or more.' : 'Change something, run again, and compare the two.'}</Text>}
      </div>
      <table className="report-table" aria-label="Runs of this diagram">
        <thead><tr><th scope="col"><span className="visually-hidden">Compare</span></th><th scope="col">Run</th><th scope="col">State</th><th scope="col">Version</th><th scope="col" className="num">Simulated</th><th scope="col" className="num">Replications</th></tr></thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id} data-shown={run.id === shown?.id || undefined}>
              <td><Checkbox size="xs" aria-label={`Compare the run of ${formatAgo(run.created_at)}`} checked={chosen.includes(run.id)} disabled={!comparable(run)} onChange={() => toggle(run.id)} /></td>
              <td><button type="button" className="live-link" onClick={() => open(run.id)}>{formatAgo(run.created_at)}</button>{run.id === shown?.id ? ' · shown' : ''}</td>
              <td>{WORDS[run.state]}</td>
              <td>{run.diagram_version === null ? '–' : `v${run.diagram_version}`}</td>
              <td className="num">{formatClock(run.simulated_s)} of {formatClock(run.duration_s)}</td>
              <td className="num">{run.replications?.done ?? 1}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function open(id: string): void {
  void useRun.getState().watch(id)
  const address = new URL(window.location.href)
  address.searchParams.set('run', id)
  window.history.replaceState(window.history.state, '', address)
}
