import { useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

import { formatClock, formatQuantity } from '../../format'
import { useRun } from '../runStore'
import { columnsOf, valuesText, type ChartSpec } from './chartSpecs'
import { DASHES, INKS, markNear, optionsOf, seek } from './plotOptions'
import { useDrawnRevision } from './useDrawnRevision'
import { useChartView } from './view'

const MOST_POINTS = 600
const HEIGHT = 110
const LEAST_RANGE_S = 0.2

interface Read { index: number; mark: string | null }

/** One chart: the run so far, the moment shown, and marks where something was changed. Cursors of all charts move together, and they zoom together. */
export function Chart({ spec, actions }: { spec: ChartSpec; actions?: ReactNode }) {
  const scheme = useComputedColorScheme('light')
  const { ref, width } = useElementSize()
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const [read, setRead] = useState<Read | null>(null)
  const range = useChartView((state) => state.range)
  const revision = useDrawnRevision()
  const structure = spec.key + spec.lines.map((line) => line.label).join()
  const columns = useMemo(
    () => columnsOf(spec, useRun.getState().log.frames, MOST_POINTS, range) as uPlot.AlignedData,
    // The frames are mutable: their revision stands for them.
    [structure, revision, range], // oxlint-disable-line react/exhaustive-deps
  )
  useEffect(() => {
    if (!holder.current || width === 0) return undefined
    const onCursor = ({ cursor }: uPlot) => {
      const index = cursor.idx
      const mark = plot.current && markNear(plot.current)
      setRead((before) => (typeof index !== 'number' ? null : before?.index === index && before.mark === mark ? before : { index, mark }))
    }
    const made = new uPlot(optionsOf(spec, width, HEIGHT, scheme, onCursor), columns, holder.current)
    plot.current = made
    return () => {
      made.destroy()
      plot.current = null
    }
    // A new plot only when its lines, its ground or its width change; data is set below.
  }, [structure, scheme, width]) // oxlint-disable-line react/exhaustive-deps
  useEffect(() => { plot.current?.setData(columns) }, [columns])
  const { shown, before } = useRun.getState()
  const at = read && columns[0]?.[read.index] !== undefined ? read.index : null
  const values = at === null
    ? valuesText(spec, shown, before)
    : spec.lines.flatMap((line, index) => (line.role === 'limit' ? [] : [{ label: line.label, text: formatQuantity(columns[index + 1]?.[at], spec.unit), line }]))
  const name = useRun((state) => (spec.node === null ? null : state.run?.graph?.nodes.find((one) => one.id === spec.node)?.name || spec.node))
  const heading = name === null ? spec.title : `${name} · ${spec.title}`
  const said = values.map(({ label, text }) => `${label} ${text}`).join(', ')
  return (
    <figure className="live-chart" aria-label={`${heading}: ${said}`}>
      <figcaption>
        <div className="live-chart-head">
          <b title={heading}>{heading}</b>
          {read?.mark ? <span className="live-chart-mark">{read.mark}</span> : at !== null && <time>{formatClock(columns[0]![at])}</time>}
          {actions && <span className="live-chart-actions">{actions}</span>}
        </div>
        <span className="live-legend">
          {values.map(({ label, text, line }) => (
            <span key={label} title={label}>
              <svg width="14" height="6" aria-hidden="true"><line x1="0" x2="14" y1="3" y2="3" stroke={INKS[scheme][line.ink % 6]} strokeOpacity={line.role === 'upper' ? 0.5 : 1} strokeWidth={line.role === 'upper' ? 5 : 2} strokeDasharray={line.role === 'upper' ? undefined : DASHES[line.ink % 6]?.join(' ')} /></svg>
              <small>{label}</small> {text}
            </span>
          ))}
        </span>
      </figcaption>
      <div
        ref={ref} className="live-plot" style={{ height: HEIGHT }} tabIndex={0} role="slider" aria-label={`Cursor in ${heading}`} aria-orientation="horizontal" aria-keyshortcuts="ArrowLeft ArrowRight Home End Enter + - 0"
        aria-valuemin={columns[0]?.[0] ?? 0} aria-valuemax={columns[0]?.at(-1) ?? 0} aria-valuenow={at === null ? shown?.time_s ?? 0 : columns[0]![at]!} aria-valuetext={`${formatClock(at === null ? shown?.time_s : columns[0]![at]!)}: ${said}`}
        onKeyDown={(event) => { if (plot.current) press(event, plot.current) }} onBlur={() => { if (plot.current) moveCursor(plot.current, -10, -10) }}
      >
        <div ref={holder} />
      </div>
    </figure>
  )
}

/** Moves the cursor of a chart and of all that share it; the library's types lack the last argument. */
function moveCursor(plot: uPlot, left: number, top: number): void {
  (plot.setCursor as (place: { left: number; top: number }, fireHook: boolean, publish: boolean) => void)({ left, top }, true, true)
}

/** Everything that the mouse can do with a chart, by keys. */
function press(event: KeyboardEvent, plot: uPlot): void {
  const times = plot.data[0]
  const last = times.length - 1
  if (last < 0 || event.ctrlKey || event.metaKey || event.altKey) return
  const here = plot.cursor.idx ?? last
  const go = (index: number) => moveCursor(plot, plot.valToPos(times[Math.max(0, Math.min(last, index))]!, 'x'), plot.over.clientHeight / 2)
  const by = event.shiftKey ? 10 : 1
  const acts: Record<string, () => void> = {
    ArrowLeft: () => go(here - by), ArrowRight: () => go(here + by), Home: () => go(0), End: () => go(last), Enter: () => seek(plot),
    '+': () => closer(plot, times[here]!, 0.5), '=': () => closer(plot, times[here]!, 0.5), '-': () => closer(plot, times[here]!, 2), '0': () => useChartView.getState().zoom(null),
  }
  const act = acts[event.key]
  if (!act) return
  event.preventDefault()
  event.stopPropagation()
  act()
}

/** Look closer at a moment (or, with a factor above one, from further off). */
function closer(plot: uPlot, time_s: number, factor: number): void {
  const { min = 0, max = 1 } = plot.scales['x'] ?? {}
  const all_s = useRun.getState().log.latest?.time_s ?? max ?? 1
  const [from_s, to_s] = [time_s - (time_s - (min ?? 0)) * factor, time_s + ((max ?? 1) - time_s) * factor]
  if (to_s - from_s < LEAST_RANGE_S) return
  const { zoom } = useChartView.getState()
  zoom(from_s <= 0 && to_s >= all_s ? null : [Math.max(0, from_s), Math.min(all_s, to_s)])
}
