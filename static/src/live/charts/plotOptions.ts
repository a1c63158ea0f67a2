/** How a chart looks: axes, lines, bands, the shown moment and the marks of what was changed. */

import uPlot from 'uplot'

import { formatClock, formatQuantity } from '../../format'
import { useRun } from '../runStore'
import type { ChartSpec } from './chartSpecs'
import { marksOf, type Marker } from './markers'
import { useChartView } from './view'

type Scheme = 'light' | 'dark'

/** Colours told apart by the colour-blind on either ground; each also has its own dash. */
export const INKS: Record<Scheme, string[]> = {
  light: ['#2258d6', '#a15c00', '#0b7a75', '#8a3ab9', '#b3261e', '#57606a'],
  dark: ['#7aa2f7', '#f0b429', '#4fd1c5', '#c792ea', '#ff8a80', '#a9b1bd'],
}
export const DASHES: (number[] | undefined)[] = [undefined, [6, 3], [2, 3], [8, 3, 2, 3], [4, 2], [1, 2]]
/** A band is darker where more of what was measured lies. */
const SHADES: Readonly<Record<number, string>> = { 1: '3d', 2: '1f' }
const MARKER_INKS: Record<Marker['kind'], string> = { fault: '#d6482b', mended: '#2f855a', load: '#8a6d00', parameter: '#7c5cbf', 'warm-up': '#7b7d85' }
/** The letter on a mark: colours alone do not tell them apart. */
const MARKER_LETTERS: Record<Marker['kind'], string> = { fault: 'F', mended: 'M', load: 'L', parameter: 'P', 'warm-up': 'W' }
const GROUND: Record<Scheme, { text: string; grid: string; moment: string }> = {
  light: { text: '#62646b', grid: '#ececea', moment: '#1b1c1f' },
  dark: { text: '#a1a3aa', grid: '#2b2d33', moment: '#e8e8ea' },
}
/** Steps of the time axis that people count in. */
const TIME_STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800]
const AXIS_FONT = '11px system-ui, sans-serif'
const LEAST_DRAG_PX = 6
/** A limit further above the lines than this would press them flat: it is left out of the picture. */
const MOST_ABOVE = 4

export function optionsOf(spec: ChartSpec, width: number, height: number, scheme: Scheme, onCursor: (plot: uPlot) => void): uPlot.Options {
  const ground = GROUND[scheme]
  const axis = { stroke: ground.text, font: AXIS_FONT, ticks: { show: false }, grid: { stroke: ground.grid, width: 1 } }
  const above = (index: number) => spec.lines.slice(0, index + 1).reverse().findIndex((line) => line.role !== 'upper')
  return {
    width, height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'backwater-run' }, drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX }, points: { size: 5 }, bind: { dblclick: () => clickedTwice } },
    select: { show: true, left: 0, top: 0, width: 0, height: 0 },
    scales: {
      x: { time: false, range: (_plot, low, high) => [...(useChartView.getState().range ?? [low ?? 0, high ?? 1])] as [number, number] },
      y: { range: (plot, low) => [Math.min(0, low ?? 0), (topOf(spec, plot) || 1) * 1.08] },
    },
    axes: [
      { ...axis, size: 20, gap: 4, space: 70, incrs: TIME_STEPS_S, values: (_plot, splits, _axis, _space, step) => splits.map((time_s) => (step < 1 ? `${Number(time_s.toFixed(1))} s` : formatClock(time_s))) },
      { ...axis, size: 52, gap: 4, space: 26, values: (_plot, splits) => splits.map((value) => formatQuantity(value, spec.unit)) },
    ],
    series: [{}, ...spec.lines.map((line) => ({
      label: line.label,
      stroke: line.role === 'limit' ? ground.text : `${INKS[scheme][line.ink % 6]}${line.role === 'upper' ? '99' : ''}`,
      ...(line.role === 'limit' ? { dash: [3, 4] } : DASHES[line.ink % 6] ? { dash: DASHES[line.ink % 6]! } : {}),
      width: line.role === 'line' ? 1.5 : 1,
      points: { show: false },
      spanGaps: true,
    }))],
    bands: spec.lines.flatMap((line, index) => (line.role === 'upper' ? [{ series: [index + 1, index] as [number, number], fill: `${INKS[scheme][line.ink % 6]}${SHADES[above(index)] ?? '22'}` }] : [])),
    // The library's own binding of clicks is for its legend.
    hooks: { ready: [(plot) => plot.over.addEventListener('click', () => clicked(plot))], draw: [(plot) => drawMoments(plot, ground.moment)], setCursor: [onCursor], setSelect: [zoomTo] },
  }
}

/** The highest value to draw: of all lines, and of the limits that are not far above them. */
function topOf(spec: ChartSpec, plot: uPlot): number {
  const highest = (role: (one: ChartSpec['lines'][number]) => boolean) => spec.lines.reduce((most, line, index) => {
    if (!role(line)) return most
    const [from, to] = plot.series[0]?.idxs ?? [0, 0]
    let found = most
    for (let at = from; at <= to; at += 1) found = Math.max(found, plot.data[index + 1]?.[at] ?? 0)
    return found
  }, 0)
  const lines = highest(({ role }) => role !== 'limit')
  const limits = highest(({ role }) => role === 'limit')
  return limits <= lines * MOST_ABOVE ? Math.max(lines, limits) : lines
}

let draggedAt = 0
let before: { at: number; scrub_s: number | null } = { at: 0, scrub_s: null }
const DOUBLE_MS = 600
const AFTER_DRAG_MS = 60

/** A click shows that moment. A drag ends in a click, which is no wish to see it; nor is the first click of two. */
function clicked(plot: uPlot): void {
  if (performance.now() - draggedAt < AFTER_DRAG_MS) return
  if (performance.now() - before.at > DOUBLE_MS) before = { at: performance.now(), scrub_s: useRun.getState().scrub_s }
  seek(plot)
}

function clickedTwice(): null {
  useRun.getState().scrub(before.scrub_s)
  useChartView.getState().zoom(null)
  return null
}

function zoomTo(plot: uPlot): void {
  const { left, width } = plot.select
  if (width < LEAST_DRAG_PX) return
  draggedAt = performance.now()
  const [from_s, to_s] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  const { range, zoom } = useChartView.getState()
  // Charts that share the cursor share the drag: the first to tell is enough.
  if (range === null || Math.abs(range[0] - from_s) + Math.abs(range[1] - to_s) > 1e-9) zoom([Math.max(0, from_s), to_s])
}

export function seek(plot: uPlot): void {
  const { left } = plot.cursor
  if (typeof left !== 'number' || left < 0) return
  const { log, scrub } = useRun.getState()
  const time_s = plot.posToVal(left, 'x')
  scrub(log.latest && time_s >= log.latest.time_s ? null : time_s)
}

function drawMoments(plot: uPlot, ink: string): void {
  const { scrub_s, controls, report } = useRun.getState()
  const ratio = window.devicePixelRatio
  const line = (time_s: number, colour: string, dash: number[], letter = '') => {
    const { context, from, to } = { context: plot.ctx, from: plot.bbox.top, to: plot.bbox.top + plot.bbox.height }
    const x = Math.round(plot.valToPos(time_s, 'x', true))
    if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) return
    context.save()
    context.strokeStyle = context.fillStyle = colour
    context.lineWidth = ratio
    context.setLineDash(dash)
    context.beginPath()
    context.moveTo(x, from)
    context.lineTo(x, to)
    context.stroke()
    if (letter) {
      context.fillRect(x - 5 * ratio, from - 6 * ratio, 10 * ratio, 11 * ratio)
      context.fillStyle = '#fff'
      context.font = `700 ${9 * ratio}px system-ui, sans-serif`
      context.textAlign = 'center'
      context.textBaseline = 'middle'
      context.fillText(letter, x, from)
    }
    context.restore()
  }
  for (const marker of marksOf({ controls, report })) {
    if (marker.kind === 'warm-up') veil(plot, marker.time_s)
    line(marker.time_s, MARKER_INKS[marker.kind], [3, 3], MARKER_LETTERS[marker.kind])
  }
  if (scrub_s !== null) line(scrub_s, ink, [])
}

const NEAR_PX = 8

/** What was changed where the cursor is, in words. */
export function markNear(plot: uPlot): string | null {
  const { left } = plot.cursor
  if (typeof left !== 'number' || left < 0) return null
  const near = marksOf(useRun.getState()).filter(({ time_s }) => Math.abs(plot.valToPos(time_s, 'x') - left) <= NEAR_PX)
  return near.length > 0 ? near.map(({ text }) => text).join('; ') : null
}

/** What came before the end of the warm-up is not in the statistics: it is drawn under a veil. */
function veil(plot: uPlot, until_s: number): void {
  const right = Math.min(plot.valToPos(until_s, 'x', true), plot.bbox.left + plot.bbox.width)
  if (right <= plot.bbox.left) return
  plot.ctx.save()
  plot.ctx.fillStyle = '#7b7d8529'
  plot.ctx.fillRect(plot.bbox.left, plot.bbox.top, right - plot.bbox.left, plot.bbox.height)
  plot.ctx.restore()
}
