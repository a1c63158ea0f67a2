import { Select, Text } from '@mantine/core'
import { useState } from 'react'

import type { Report, ReportPath } from '../api/types'
import { formatQuantity } from '../format'
import { nodeName } from '../live/hooks'
import { NodeLink } from '../live/NodeLink'
import { useRun } from '../live/runStore'
import { barsOf, splitOf, type Column, type LatencySplit } from './latency'

const COLUMNS: readonly Column[] = ['mean', 'p50', 'p99']
/** Intervals of less than this share of their mean are not worth their room. */
const TOLD = 0.005
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
      <p className="latency-note">{basisOf(path, split)} <span className="leg-key" data-leg="scarce" /> waiting for what ran out <span className="leg-key" data-leg="meant" /> meant: work, delays, transport</p>
    </>
  )
}

const traced = (count: number) => `${count} traced ${count === 1 ? 'message' : 'messages'}`

/** What each column is made of, and how far it can be trusted. */
export function basisOf(path: ReportPath, { traced: { p50, p99 }, rows }: LatencySplit): string {
  const all = `Mean, p50 and p99 themselves are of all ${formatQuantity(path.messages, 'messages')}, and so is the split of the mean.`
  const about = p50.count === 0 ? 'No traced message took about as long as the median.' : p50.count >= p50.of ? 'The split about p50 is of all messages, too.' : `The split about p50 is that of ${traced(p50.count)} within 25 % of it${p50.even ? ', taken evenly over the run' : ''}.`
  const above = p99.count === 0 ? 'No traced message was as slow as p99.' : p99.count >= p99.of ? `The split above p99 is of all ${p99.count} that were as slow.` : `The split above p99 is that of ${traced(p99.count)} of about ${formatQuantity(p99.of, 'messages')} as slow, the slowest of the run first: it leans to the slowest.`
  return [all, about, above, ...(rows.some(({ give }) => give.p50 !== null || give.p99 !== null) ? ['± is the 95 % interval of a mean of so few, as far as chance goes.'] : [])].join(' ')
}

function Rows({ split }: { split: LatencySplit }) {
  const bars = Object.fromEntries(COLUMNS.map((column) => [column, barsOf(split, column)])) as Record<Column, ReturnType<typeof barsOf>>
  return split.rows.map((row, place) => (
    <tr key={`${row.node} ${row.cause}`}>
      <th scope="row"><NodeLink node={row.node} /> · {row.title}</th>
      {COLUMNS.map((column) => {
        const { from, share } = bars[column][place]!
        const none = column !== 'mean' && split.traced[column].count === 0
        const give = column === 'mean' ? null : row.give[column]
        return (
          <td key={column}>
            <span className="latency-track" aria-hidden="true">{share > 0 && <span data-leg={row.scarce ? 'scarce' : 'meant'} style={{ marginLeft: `${from * 100}%`, width: `${Math.max(0.6, share * 100)}%` }} />}</span>
            <span className="live-number">{none ? '–' : formatQuantity(row.seconds[column], 's')}{give !== null && give >= TOLD * row.seconds[column] && give > 0 && <small>± {formatQuantity(give, 's')}</small>}</span>
          </td>
        )
      })}
    </tr>
  ))
}
