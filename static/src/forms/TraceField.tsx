/** A recorded trace: uploaded as CSV, read by the server, shown as a small plot. */

import { Button, FileButton, Group, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { IconUpload } from '@tabler/icons-react'
import { useState } from 'react'

import { api, ApiError } from '../api/client'
import type { Values } from '../api/types'
import { exactText, formatQuantity, parseQuantity } from '../format'
import type { InputProps } from './fields'

interface TraceValue { kind: 'counts' | 'times'; name: string; interval_s?: number; counts?: number[]; times_s?: number[] }

const BARS = 120

/** The heights of a small plot: messages in equal parts of the trace. */
export function barsOf(trace: TraceValue): number[] {
  if (trace.kind === 'counts') {
    const counts = trace.counts ?? []
    if (counts.length <= BARS) return counts
    const size = counts.length / BARS
    return Array.from({ length: BARS }, (_, bar) => {
      const part = counts.slice(Math.floor(bar * size), Math.max(Math.floor((bar + 1) * size), Math.floor(bar * size) + 1))
      return part.reduce((sum, count) => sum + count, 0) / part.length
    })
  }
  const times = trace.times_s ?? []
  const end = times[times.length - 1] ?? 1
  const bars = Array.from({ length: 60 }, () => 0)
  for (const time of times) {
    const bar = Math.min(59, Math.floor((time / (end || 1)) * 60))
    bars[bar] = bars[bar]! + 1
  }
  return bars
}

function describe(trace: TraceValue): string {
  if (trace.kind === 'times') return `${formatQuantity(trace.times_s?.length ?? 0, 'count')} arrivals in ${formatQuantity(trace.times_s?.at(-1) ?? 0, 's')}`
  const counts = trace.counts ?? []
  const interval = trace.interval_s ?? 60
  const total = counts.reduce((sum, count) => sum + count, 0)
  return `${formatQuantity(total, 'count')} messages in ${formatQuantity(counts.length * interval, 's')}: ${formatQuantity(total / Math.max(1e-9, counts.length * interval), 'per_s')} on average, ${formatQuantity(Math.max(0, ...counts) / interval, 'per_s')} at most`
}

export function TraceField({ id, label, value, onChange, disabled }: InputProps) {
  const trace = value as TraceValue
  const [kind, setKind] = useState<string>(trace?.kind ?? 'counts')
  const [interval, setInterval] = useState(exactText(trace?.interval_s ?? 60, 's'))
  const [fault, setFault] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)

  const upload = async (file: File | null) => {
    if (!file) return
    const parsed = parseQuantity(interval, 's')
    if (kind === 'counts' && (!parsed.ok || parsed.value <= 0)) {
      setFault(parsed.ok ? 'The interval must be longer than 0' : parsed.message)
      return
    }
    setBusy(true)
    try {
      const answer = await api.parseTrace(file, kind, parsed.ok ? parsed.value : 60)
      setFault(null)
      onChange(answer.trace)
    } catch (error) {
      setFault(error instanceof ApiError ? `${error.message}. ${error.detail.hint}.` : String(error))
    } finally {
      setBusy(false)
    }
  }
  const takeInterval = () => {
    const parsed = parseQuantity(interval, 's')
    if (!parsed.ok || parsed.value <= 0) setFault(parsed.ok ? 'The interval must be longer than 0' : parsed.message)
    else if (trace?.kind === 'counts' && parsed.value !== trace.interval_s) {
      setFault(null)
      onChange({ ...(value as Values), interval_s: parsed.value })
    }
  }
  const bars = trace ? barsOf(trace) : []
  const highest = Math.max(1e-9, ...bars)
  return (
    <Stack gap={8} className="nested" role="group" aria-label={label}>
      {trace && (
        <div>
          <svg className="trace-plot" viewBox={`0 0 ${Math.max(1, bars.length)} 40`} preserveAspectRatio="none" role="img" aria-label={`${trace.name || 'Trace'}: ${describe(trace)}`}>
            {bars.map((bar, place) => <rect key={place} x={place + 0.08} width={0.84} y={40 - (bar / highest) * 39} height={(bar / highest) * 39} />)}
          </svg>
          <Text size="xs" fw={600} truncate>{trace.name || 'Trace'}</Text>
          <Text size="xs" c="dimmed">{describe(trace)}</Text>
        </div>
      )}
      {!disabled && (
        <>
          <SegmentedControl size="xs" fullWidth value={kind} onChange={setKind} aria-label="What the file holds" data={[{ value: 'counts', label: 'Requests per interval' }, { value: 'times', label: 'Arrival times' }]} />
          <Group gap={8} align="end" wrap="nowrap">
            {kind === 'counts' && <TextInput size="xs" label="Interval" value={interval} onChange={(event) => setInterval(event.currentTarget.value)} onBlur={takeInterval} onKeyDown={(event) => { if (event.key === 'Enter') takeInterval(); event.stopPropagation() }} w={90} />}
            <FileButton onChange={(file) => void upload(file)} accept=".csv,.txt,text/csv,text/plain" inputProps={{ id, 'aria-label': 'Trace file' }}>
              {(props) => <Button {...props} size="xs" variant="default" loading={busy} leftSection={<IconUpload size={14} />}>Upload CSV</Button>}
            </FileButton>
          </Group>
        </>
      )}
      {fault && <Text size="xs" className="finding-error" role="alert">{fault}</Text>}
    </Stack>
  )
}
