import { ActionIcon, Button, Modal, Text } from '@mantine/core'
import { IconDeviceFloppy, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useMemo, useState } from 'react'

import { useCatalog } from '../api/catalog'
import type { ScriptLine } from '../api/types'
import { useEditor } from '../editor/store'
import { formatClock } from '../format'
import { breakables } from '../live/faults'
import { useRun } from '../live/runStore'
import { LineForm } from './LineForm'
import { changeablePlaces, lineText, scriptFrom, scriptOf, withScript } from './script'
import './script.css'

/** The fault script of the diagram: a table of what happens when, to be edited, and filled from what was done in a run. */
export function ScriptPanel() {
  const graph = useEditor((state) => state.graph)
  const readOnly = useEditor((state) => state.readOnly)
  const services = useCatalog((state) => state.services)
  const faults = useCatalog((state) => state.faults)
  const controls = useRun((state) => state.controls)
  const [editing, edit] = useState<number | 'new' | null>(null)
  const places = useMemo(() => breakables(graph, services, faults), [graph, services, faults])
  const changeable = useMemo(() => changeablePlaces(graph, services), [graph, services])
  const lines = scriptOf(graph)
  const done = scriptFrom(controls)
  const set = (next: readonly ScriptLine[]) => useEditor.getState().change(withScript(useEditor.getState().graph, next))
  const keep = (line: ScriptLine) => {
    set(typeof editing === 'number' ? lines.map((one, place) => (place === editing ? line : one)) : [...lines, line])
    edit(null)
  }
  return (
    <div className="script">
      <div className="script-head">
        <p className="live-note">What breaks and changes in every run of this diagram, at exactly these simulated times. The same seed and script give the same result.</p>
        {!readOnly && (
          <div className="live-row">
            <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} />} onClick={() => edit('new')}>Add a line</Button>
            <Button size="compact-sm" variant="default" leftSection={<IconDeviceFloppy size={14} />} disabled={done.length === 0} title={done.length === 0 ? 'Nothing was changed in the run that is shown' : 'Replaces the script by all that was done in the run that is shown; undo brings it back'} onClick={() => set(done)}>Save what this run did ({done.length})</Button>
            <Button size="compact-sm" variant="subtle" color="gray" disabled={lines.length === 0} onClick={() => set([])}>Clear</Button>
          </div>
        )}
      </div>
      {lines.length === 0
        ? <Text size="sm" c="dimmed">No script yet. Inject faults while a run goes on and save what it did, or add a line.</Text>
        : (
          <table className="report-table script-table" aria-label="Fault script">
            <thead><tr><th scope="col" className="num">At</th><th scope="col">What</th><th scope="col">Where</th><th scope="col">Until</th>{!readOnly && <th scope="col"><span className="visually-hidden">Edit</span></th>}</tr></thead>
            <tbody>
              {lines.map((line, place) => {
                const text = lineText(line, graph, places, changeable)
                return (
                  <tr key={`${line.time_s} ${place}`}>
                    <td className="num">{formatClock(line.time_s)}</td><td>{text.what}</td><td>{text.where}</td><td>{text.until}</td>
                    {!readOnly && (
                      <td className="script-edit">
                        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Edit line ${place + 1}`} onClick={() => edit(place)}><IconPencil size={14} /></ActionIcon>
                        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Remove line ${place + 1}`} onClick={() => set(lines.filter((_, other) => other !== place))}><IconTrash size={14} /></ActionIcon>
                      </td>
                    )}
                  </tr>
                )
              })}
            </tbody>
          </table>
        )}
      <Modal opened={editing !== null} onClose={() => edit(null)} title={editing === 'new' ? 'Add a line to the script' : 'A line of the script'} centered>
        {editing !== null && <LineForm key={String(editing)} line={typeof editing === 'number' ? lines[editing] ?? null : null} places={places} changeable={changeable} keep={keep} cancel={() => edit(null)} />}
      </Modal>
    </div>
  )
}
