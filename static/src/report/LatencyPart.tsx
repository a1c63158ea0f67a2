import { Select, Text } from '@mantine/core'
import { useState } from 'react'

import type { Report } from '../api/types'
import { formatQuantity } from '../format'
import { nodeName } from '../live/hooks'
import { NodeLink } from '../live/NodeLink'
import { useRun } from '../live/runStore'
import { barsOf, splitOf, type Column, type LatencySplit } from './latency'

const COLUMNS: readonly Column[] = ['mean', 'p50', 'p99']
const TITLES: Record<Column, string> = { mean: 'Mean', p50: 'About p50', p99: 'Above p99' }

/** How long messages took on a path, and where: on average, in the middle, and of the slowest. */
export function LatencyPart({ report }: { report: Report }) {
  const [chosen, choose] = useState('0')
  const state = useRun.getState()
  const path = report.paths[Number(chosen)] ?? report.paths[0]
  if (!path) return <Text size="sm" c="dimmed">No message reached an end of its way.</Text>
  const split = splitOf(report, path)
  return (
    <>
      <Select
        size="xs" aria-label="Path" allowDeselect={false} value={chosen} onChange={(value) => choose(value ?? '0')} mb={6} comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
        data={report.paths.map((one, place) => ({ value: String(place), label: `${one.nodes.map((node) => nodeName(state, node)).join(' → ')}: ${one.end}, ${formatQuantity(one.messages, 'messages')}` }))}
      />
      <table className="latency">
        <thead><tr><th scope="col">Where the time went</th>{COLUMNS.map((column) => <th key={column} scope="col">{TITLES[column]} <b>{formatQuantity(split.totals[column], 's')}</b></th>)}</tr></thead>
        <tbody><Rows split={split} /></tbody>
      </table>
      <Text size="xs" c="dimmed" mt={4}>The mean is of all {formatQuantity(path.messages, 'messages')}; {tracedText(split)}. <span className="leg-key" data-leg="scarce" /> waiting for what ran out <span className="leg-key" data-leg="meant" /> meant: work, delays, transport</Text>
    </>
  )
}

const messages = (count: number) => `${count} traced ${count === 1 ? 'message' : 'messages'}`
const tracedText = ({ traced }: LatencySplit) => `about p50 it is split by ${messages(traced.p50)}, above p99 by ${messages(traced.p99)}`

function Rows({ split }: { split: LatencySplit }) {
  const bars = Object.fromEntries(COLUMNS.map((column) => [column, barsOf(split, column)])) as Record<Column, ReturnType<typeof barsOf>>
  return split.rows.map((row, place) => (
    <tr key={`${row.node} ${row.cause}`}>
      <th scope="row"><NodeLink node={row.node} /> · {row.title}</th>
      {COLUMNS.map((column) => {
        const { from, share } = bars[column][place]!
        const none = column !== 'mean' && split.traced[column] === 0
        return (
          <td key={column}>
            <span className="latency-track" aria-hidden="true">{share > 0 && <span data-leg={row.scarce ? 'scarce' : 'meant'} style={{ marginLeft: `${from * 100}%`, width: `${Math.max(0.6, share * 100)}%` }} />}</span>
            <span className="live-number">{none ? '–' : formatQuantity(row.seconds[column], 's')}</span>
          </td>
        )
      })}
    </tr>
  ))
}
