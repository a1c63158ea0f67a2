import { Button } from '@mantine/core'

import { formatClock } from '../format'
import { marksOf } from './charts/markers'
import { isOver } from './runSocket'
import { useRun } from './runStore'

/** Scrubs the run: everything on the page shows the moment chosen. Left and right step by a frame. */
export function Timeline() {
  const run = useRun((state) => state.run)
  const reached_s = useRun((state) => state.log.latest?.time_s ?? 0)
  const shown_s = useRun((state) => state.shown?.time_s ?? 0)
  const scrub_s = useRun((state) => state.scrub_s)
  const controls = useRun((state) => state.controls)
  const report = useRun((state) => state.report)
  useRun((state) => state.revision)
  const duration_s = Math.max(run?.duration_s ?? 0, reached_s) || 1
  const over = isOver(run)
  const seek = (time_s: number) => useRun.getState().scrub(time_s >= reached_s ? null : Math.max(0, time_s))
  const step = (by: number) => {
    const { log } = useRun.getState()
    const frame = log.frames[Math.min(log.frames.length - 1, Math.max(0, log.indexAt(shown_s) + by))]
    if (frame) seek(frame.time_s)
  }
  return (
    <div className="live-timeline">
      <div className="live-track">
        <span className="live-reached" style={{ width: `${(reached_s / duration_s) * 100}%` }} />
        <span className="live-shown" style={{ width: `${(shown_s / duration_s) * 100}%` }} />
        {marksOf({ controls, report }).map((marker, index) => <span key={index} className="live-marker" data-kind={marker.kind} style={{ left: `${(marker.time_s / duration_s) * 100}%` }} title={`${formatClock(marker.time_s)} ${marker.text}`} />)}
        <input
          type="range" min={0} max={duration_s} step="any" value={shown_s} disabled={!run || reached_s === 0} aria-label="Moment shown"
          aria-valuetext={`${formatClock(shown_s)} of ${formatClock(duration_s)}${scrub_s === null ? (over ? ', the end' : ', live') : ', looking back'}`}
          onChange={(event) => seek(Number(event.currentTarget.value))}
          onKeyDown={(event) => {
            const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -20, PageUp: 20 }[event.key]
            if (by === undefined) return
            event.preventDefault()
            step(by)
          }}
        />
      </div>
      <Button size="compact-xs" variant={scrub_s === null ? 'transparent' : 'light'} className="live-back" disabled={scrub_s === null} onClick={() => useRun.getState().scrub(null)}>{over ? 'To the end' : 'Back to live'}</Button>
    </div>
  )
}
