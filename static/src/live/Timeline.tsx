import { ActionIcon, Tooltip } from '@mantine/core'
import { IconCheck, IconLink, IconPlayerSkipForward } from '@tabler/icons-react'
import { useState } from 'react'

import { formatClock } from '../format'
import { marksOf } from './charts/markers'
import { linkToMoment } from './moment'
import { isOver } from './runSocket'
import { useRun, viewKey } from './runStore'

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
      <Tooltip label={over ? 'To the end' : 'Back to live'} openDelay={300}>
        <ActionIcon variant={scrub_s === null ? 'subtle' : 'light'} color={scrub_s === null ? 'gray' : 'blue'} size={28} aria-label={over ? 'To the end' : 'Back to live'} disabled={scrub_s === null} onClick={() => useRun.getState().scrub(null)}><IconPlayerSkipForward size={15} /></ActionIcon>
      </Tooltip>
      <CopyMoment />
    </div>
  )
}

/** Copies a link that opens the run at the moment shown. */
function CopyMoment() {
  const run = useRun((state) => state.run)
  const shown = useRun((state) => state.shown !== null)
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    const { shown: frame } = useRun.getState()
    if (!run || !frame) return
    const link = linkToMoment(run, frame.time_s, viewKey(), window.location.href)
    try {
      await navigator.clipboard.writeText(link)
      setCopied(true)
      window.setTimeout(() => setCopied(false), 2500)
    } catch {
      useRun.setState({ complaint: `The browser does not let this page copy. The link to this moment is ${link}` })
    }
  }
  const label = copied ? 'Link copied' : 'Copy a link to this moment'
  return (
    <Tooltip label={label} openDelay={300}>
      <ActionIcon variant="subtle" color="gray" size={28} aria-label={label} disabled={!shown} onClick={() => void copy()}>{copied ? <IconCheck size={15} /> : <IconLink size={15} />}</ActionIcon>
    </Tooltip>
  )
}
