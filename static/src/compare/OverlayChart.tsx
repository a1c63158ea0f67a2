import { ActionIcon, useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { IconX } from '@tabler/icons-react'
import { useEffect, useMemo, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

import type { Report } from '../api/types'
import { formatClock, formatQuantity } from '../format'
import { DASHES, INKS } from '../live/charts/plotOptions'
import { overlay, type Choice } from './comparing'

const HEIGHT = 150

/** One metric of one node in all runs, a line each with a colour and a dash of its own; cursors of all charts move together. */
export function OverlayChart({ choice, reports, letters, remove }: { choice: Choice; reports: readonly (Report | null)[]; letters: string; remove: () => void }) {
  const scheme = useComputedColorScheme('light')
  const { ref, width } = useElementSize()
  const holder = useRef<HTMLDivElement>(null)
  const { time_s, lines } = useMemo(() => overlay(reports, choice.node, choice.metric), [reports, choice])
  useEffect(() => {
    if (!holder.current || width === 0) return undefined
    const [text, grid] = scheme === 'dark' ? ['#a1a3aa', '#2b2d33'] : ['#62646b', '#ececea']
    const axis = { stroke: text, font: '11px system-ui, sans-serif', ticks: { show: false }, grid: { stroke: grid, width: 1 } }
    const made = new uPlot({
      width, height: HEIGHT, padding: [6, 22, 0, 0], legend: { show: false }, cursor: { sync: { key: 'backwater-compare' }, points: { size: 5 } },
      scales: { x: { time: false }, y: { range: (_plot, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.08 : 1] } },
      axes: [{ ...axis, size: 18, gap: 2, space: 70, values: (_plot, splits) => splits.map((moment) => formatClock(moment)) }, { ...axis, size: 56, gap: 4, space: 26, values: (_plot, splits) => splits.map((value) => formatQuantity(value, choice.unit)) }],
      series: [{}, ...lines.map((_, place) => ({ label: letters[place] ?? '', stroke: INKS[scheme][place % 6], dash: DASHES[place % 6], width: 1.5, points: { show: false }, spanGaps: true }))],
    } as uPlot.Options, [time_s, ...lines] as uPlot.AlignedData, holder.current)
    return () => made.destroy()
  }, [time_s, lines, width, scheme, choice.unit, letters])
  return (
    <figure className="live-chart compare-chart" aria-label={`${choice.label} in each run`}>
      <figcaption>
        <b title={choice.label}>{choice.label}</b>
        <span className="live-legend">{lines.map((_, place) => <span key={place}><svg width="18" height="6" aria-hidden="true"><line x1="0" x2="18" y1="3" y2="3" stroke={INKS[scheme][place % 6]} strokeWidth="2" strokeDasharray={DASHES[place % 6]?.join(' ')} /></svg><small>{letters[place]}</small></span>)}</span>
        <ActionIcon variant="subtle" color="gray" size="xs" aria-label={`Remove the chart of ${choice.label}`} onClick={remove}><IconX size={12} /></ActionIcon>
      </figcaption>
      <div ref={ref} className="live-plot" style={{ height: HEIGHT }}><div ref={holder} /></div>
    </figure>
  )
}
