/** How a chart looks: axes, lines, bands, the shown moment and the marks of what was changed. */

import uPlot from 'uplot'

import { formatClock, formatQuantity } from '../../format'
import { useRun } from '../runStore'
import type { ChartSpec } from './chartSpecs'
import { marksOf, type Marker } from './markers'

type Scheme = 'light' | 'dark'

/** Colours told apart by the colour-blind on either ground; each also has its own dash. */
export const INKS: Record<Scheme, string[]> = {
  light: ['#2258d6', '#a15c00', '#0b7a75', '#8a3ab9', '#b3261e', '#57606a'],
  dark: ['#7aa2f7', '#f0b429', '#4fd1c5', '#c792ea', '#ff8a80', '#a9b1bd'],
}
export const DASHES: (number[] | undefined)[] = [undefined, [6, 3], [2, 3], [8, 3, 2, 3], [4, 2], [1, 2]]
const MARKER_INKS: Record<Marker['kind'], string> = { fault: '#d6482b', mended: '#2f855a', load: '#8a6d00', parameter: '#7c5cbf', 'warm-up': '#7b7d85' }
const GROUND: Record<Scheme, { text: string; grid: string; moment: string }> = {
  light: { text: '#62646b', grid: '#ececea', moment: '#1b1c1f' },
  dark: { text: '#a1a3aa', grid: '#2b2d33', moment: '#e8e8ea' },
}
/** Steps of the time axis that people count in. */
const TIME_STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800]
const AXIS_FONT = '11px system-ui, sans-serif'

export function optionsOf(spec: ChartSpec, width: number, height: number, scheme: Scheme): uPlot.Options {
  const ground = GROUND[scheme]
  const axis = { stroke: ground.text, font: AXIS_FONT, ticks: { show: false }, grid: { stroke: ground.grid, width: 1 } }
  return {
    width, height,
    padding: [6, 18, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'backwater-run' }, drag: { x: false, y: false }, points: { size: 5 }, bind: { click: (plot) => () => { seek(plot); return null } } },
    scales: { x: { time: false }, y: { range: (_plot, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.08 : 1] } },
    axes: [
      { ...axis, size: 18, gap: 2, space: 70, incrs: TIME_STEPS_S, values: (_plot, splits) => splits.map((time_s) => formatClock(time_s)) },
      { ...axis, size: 52, gap: 4, space: 26, values: (_plot, splits) => splits.map((value) => formatQuantity(value, spec.unit)) },
    ],
    series: [{}, ...spec.lines.map((line, index) => ({
      label: line.label,
      stroke: line.role === 'limit' ? ground.text : INKS[scheme][index % 6],
      dash: line.role === 'limit' ? [3, 4] : DASHES[index % 6],
      width: line.role === 'limit' ? 1 : 1.5,
      points: { show: false },
      spanGaps: true,
    }))],
    bands: spec.lines.flatMap((line, index) => (line.role === 'upper' ? [{ series: [index + 1, index] as [number, number], fill: `${INKS[scheme][(index - 1) % 6]}22` }] : [])),
    hooks: { draw: [(plot) => drawMoments(plot, ground.moment)] },
  }
}

function seek(plot: uPlot): void {
  const { left } = plot.cursor
  if (typeof left !== 'number' || left < 0) return
  const { log, scrub } = useRun.getState()
  const time_s = plot.posToVal(left, 'x')
  scrub(log.latest && time_s >= log.latest.time_s ? null : time_s)
}

function drawMoments(plot: uPlot, ink: string): void {
  const { scrub_s, controls, report } = useRun.getState()
  const line = (time_s: number, colour: string, dash: number[]) => {
    const { context, from, to } = { context: plot.ctx, from: plot.bbox.top, to: plot.bbox.top + plot.bbox.height }
    const x = Math.round(plot.valToPos(time_s, 'x', true))
    if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) return
    context.save()
    context.strokeStyle = colour
    context.lineWidth = window.devicePixelRatio
    context.setLineDash(dash)
    context.beginPath()
    context.moveTo(x, from)
    context.lineTo(x, to)
    context.stroke()
    context.restore()
  }
  for (const marker of marksOf({ controls, report })) {
    if (marker.kind === 'warm-up') veil(plot, marker.time_s)
    line(marker.time_s, MARKER_INKS[marker.kind], [3, 3])
  }
  if (scrub_s !== null) line(scrub_s, ink, [])
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
