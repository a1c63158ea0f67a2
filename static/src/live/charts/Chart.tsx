import { useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useEffect, useMemo, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

import { useRun } from '../runStore'
import { columnsOf, valuesText, type ChartSpec } from './chartSpecs'
import { DASHES, INKS, optionsOf } from './plotOptions'
import { useDrawnRevision } from './useDrawnRevision'

const MOST_POINTS = 600
const HEIGHT = 104

/** One chart: the run so far, the moment shown, and marks where something was changed. Cursors of all charts move together. */
export function Chart({ spec }: { spec: ChartSpec }) {
  const scheme = useComputedColorScheme('light')
  const { ref, width } = useElementSize()
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const revision = useDrawnRevision()
  const structure = spec.key + spec.lines.map((line) => line.label).join()
  const columns = useMemo(
    () => columnsOf(spec, useRun.getState().log.frames, MOST_POINTS) as uPlot.AlignedData,
    // The frames are mutable: their revision stands for them.
    [structure, revision], // oxlint-disable-line react/exhaustive-deps
  )
  useEffect(() => {
    if (!holder.current || width === 0) return undefined
    const made = new uPlot(optionsOf(spec, width, HEIGHT, scheme), columns, holder.current)
    plot.current = made
    return () => {
      made.destroy()
      plot.current = null
    }
    // A new plot only when its lines, its ground or its width change; data is set below.
  }, [structure, scheme, width]) // oxlint-disable-line react/exhaustive-deps
  useEffect(() => { plot.current?.setData(columns) }, [columns])
  const { shown, before } = useRun.getState()
  const values = valuesText(spec, shown, before)
  const name = useRun((state) => state.run?.graph?.nodes.find((one) => one.id === spec.node)?.name || spec.node)
  return (
    <figure className="live-chart" aria-label={`${name}, ${spec.title}: ${values.map(({ label, text }) => `${label} ${text}`).join(', ')}`}>
      <figcaption>
        <b title={`${name} · ${spec.title}`}>{name} · {spec.title}</b>
        <span className="live-legend">
          {values.map(({ label, text }, index) => (
            <span key={label} title={label}>
              <svg width="14" height="6" aria-hidden="true"><line x1="0" x2="14" y1="3" y2="3" stroke={INKS[scheme][index % 6]} strokeWidth="2" strokeDasharray={DASHES[index % 6]?.join(' ')} /></svg>
              <small>{label}</small> {text}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={ref} className="live-plot" style={{ height: HEIGHT }}><div ref={holder} /></div>
    </figure>
  )
}
