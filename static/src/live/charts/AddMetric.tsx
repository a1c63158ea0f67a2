import { Button, Popover, Select } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useState } from 'react'

import { useRun } from '../runStore'
import { shownUnit } from '../selectors'
import { pin, useBoard } from './board'
import { placedOf, useBoardUnits } from './Charts'

const NEW = 'new'

/** Chooses any metric of any node for the board. */
export function AddMetric() {
  const [open, setOpen] = useState(false)
  return (
    <Popover opened={open} onChange={setOpen} width={300} position="bottom-start" shadow="md" trapFocus withinPortal>
      <Popover.Target><Button size="compact-xs" variant="default" leftSection={<IconPlus size={13} />} onClick={() => setOpen(!open)}>Add a metric</Button></Popover.Target>
      <Popover.Dropdown><Choice onDone={() => setOpen(false)} /></Popover.Dropdown>
    </Popover>
  )
}

function Choice({ onDone }: { onDone: () => void }) {
  const graph = useRun((state) => state.run?.graph)
  const services = useRun((state) => state.services)
  const board = useBoard()
  const [node, setNode] = useState<string | null>(null)
  const [name, setName] = useState<string | null>(null)
  const [into, setInto] = useState<string>(NEW)
  const metrics = (node && placedOf({ run: useRun.getState().run, services }, node)?.service.metrics) || []
  const metric = metrics.find((one) => one.name === name)
  const fitting = useBoardUnits(board, metric ? shownUnit(metric) : '')
  const add = () => {
    if (!node || !metric) return
    pin([{ node, metric: metric.name }], into === NEW ? null : into)
    onDone()
  }
  return (
    <form className="live-form" onSubmit={(event) => { event.preventDefault(); add() }}>
      <Select size="xs" label="Node" searchable data={(graph?.nodes ?? []).map(({ id, name: text }) => ({ value: id, label: text || id }))} value={node} onChange={(chosen) => { setNode(chosen); setName(null); setInto(NEW) }} comboboxProps={{ withinPortal: false }} />
      <Select size="xs" label="Metric" searchable disabled={metrics.length === 0} data={metrics.map(({ name: value, title }) => ({ value, label: title }))} value={name} onChange={(chosen) => { setName(chosen); setInto(NEW) }} comboboxProps={{ withinPortal: false }} />
      <Select size="xs" label="Chart" allowDeselect={false} disabled={!metric} data={[{ value: NEW, label: 'A new chart' }, ...fitting.map(({ id, title }) => ({ value: id, label: `With “${title}”` }))]} value={into} onChange={(chosen) => setInto(chosen ?? NEW)} comboboxProps={{ withinPortal: false }} />
      <Button type="submit" size="xs" disabled={!metric}>Add to the board</Button>
    </form>
  )
}
