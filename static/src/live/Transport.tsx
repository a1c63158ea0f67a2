import { ActionIcon, Button, Popover, Select, Slider, Tooltip } from '@mantine/core'
import { IconHistory, IconPlayerPause, IconPlayerPauseFilled, IconPlayerPlayFilled, IconPlayerSkipForwardFilled, IconPlayerStopFilled } from '@tabler/icons-react'
import { useEffect, useState, type ReactNode } from 'react'

import { formatClock } from '../format'
import { FaultMenu } from './FaultMenu'
import { canReplay, REPLAY_SPEEDS, useReplay } from './replay'
import { isOver } from './runSocket'
import { useRun } from './runStore'
import { rememberedSpeed, rememberSpeed, SPEEDS, startRun, useRunBlocked } from './starting'
import { Timeline } from './Timeline'

/** The dock's head: pause, step, stop, time, timeline, speed, load and faults. */
export function Transport() {
  const run = useRun((state) => state.run)
  const phase = useRun((state) => state.phase)
  const going = run !== null && !isOver(run)
  const owner = run?.may_control ?? true
  const looking = useRun(canReplay)
  const refused = !run ? 'Press Run first' : !owner ? 'Only the owner of a run may control it' : !going ? 'This run is over' : phase === 'reconnecting' ? 'Reconnecting to the server' : null
  return (
    <div className="live-transport">
      <PlayButton refused={refused} />
      <IconControl label="Step one frame" refused={refused ?? (run?.paused ? null : 'Pause first, then step')} onClick={() => send({ action: 'step' })}><IconPlayerSkipForwardFilled size={14} /></IconControl>
      <IconControl label="Stop" refused={refused} onClick={() => send({ action: 'stop' })}><IconPlayerStopFilled size={14} /></IconControl>
      {run?.state === 'waiting' ? <Waiting ahead={run.ahead} /> : <><Clock /><ReplayButton /><Timeline /></>}
      {looking ? <ReplaySpeed /> : <SpeedChoice refused={!going ? null : refused} />}
      <LoadControl refused={refused} />
      <FaultMenu refused={refused} />
    </div>
  )
}

const send = (control: Parameters<ReturnType<typeof useRun.getState>['control']>[0]) => void useRun.getState().control(control)

function PlayButton({ refused }: { refused: string | null }) {
  const run = useRun((state) => state.run)
  const blocked = useRunBlocked()
  if (!run || isOver(run)) {
    return <IconControl label={run ? 'Run again' : 'Run'} refused={blocked} onClick={() => void startRun()}><IconPlayerPlayFilled size={14} /></IconControl>
  }
  return run.paused
    ? <IconControl label="Resume" refused={refused} onClick={() => send({ action: 'resume' })}><IconPlayerPlayFilled size={14} /></IconControl>
    : <IconControl label="Pause" refused={refused} onClick={() => send({ action: 'pause' })}><IconPlayerPauseFilled size={14} /></IconControl>
}

/** An icon button that stays focusable while refused, so that its reason can be read. */
export function IconControl({ label, refused, onClick, children }: { label: string; refused: string | null; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={refused ? `${label}: ${refused.charAt(0).toLowerCase()}${refused.slice(1)}` : label} openDelay={300} multiline maw={260}>
      <ActionIcon variant="default" size={32} aria-label={label} data-disabled={refused ? true : undefined} aria-disabled={refused ? true : undefined} aria-description={refused ?? undefined} onClick={() => { if (!refused) onClick() }}>
        {children}
      </ActionIcon>
    </Tooltip>
  )
}

/** Plays the stored run on the canvas, from the moment shown. */
function ReplayButton() {
  const possible = useRun(canReplay)
  const playing = useReplay((state) => state.playing)
  const refused = possible ? null : 'There is something to replay once a run is over, or while you look back'
  return playing
    ? <IconControl label="Pause the replay" refused={null} onClick={() => useReplay.getState().pause()}><IconPlayerPause size={15} /></IconControl>
    : <IconControl label="Replay" refused={refused} onClick={() => useReplay.getState().play()}><IconHistory size={16} /></IconControl>
}

const WHOLE = 'whole'

function ReplaySpeed() {
  const speed = useReplay((state) => state.speed)
  return (
    <Select
      className="live-speed" size="xs" w={96} allowDeselect={false} aria-label="Speed of the replay: simulated seconds a second" title="Speed of the replay" comboboxProps={{ width: 170, position: 'top' }}
      data={[{ value: WHOLE, label: 'In 30 s' }, ...REPLAY_SPEEDS.map((one) => ({ value: String(one), label: `${one}×` }))]} value={speed === null ? WHOLE : String(speed)}
      onChange={(chosen) => useReplay.getState().setSpeed(chosen === null || chosen === WHOLE ? null : Number(chosen))}
    />
  )
}

const SETTLED_MS = 1000

/** In place of clock and timeline while no worker has taken the run; a start that takes no time to speak of is not told. */
function Waiting({ ahead }: { ahead: number | null }) {
  const [settled, settle] = useState(false)
  useEffect(() => {
    const timer = window.setTimeout(() => settle(true), SETTLED_MS)
    return () => window.clearTimeout(timer)
  }, [])
  if (!settled && !ahead) return <><Clock /><ReplayButton /><Timeline /></>
  return <span className="live-clock live-line" role="status">Waits for a free worker, {ahead ? `${ahead} before it` : 'next in line'}</span>
}

function Clock() {
  const time_s = useRun((state) => state.shown?.time_s ?? 0)
  const duration_s = useRun((state) => state.run?.duration_s ?? null)
  const precise = duration_s !== null && duration_s < 10
  return (
    <span className="live-clock"><b>{precise ? `${time_s.toFixed(1)} s` : formatClock(time_s)}</b> / {duration_s === null ? '–' : precise ? `${duration_s} s` : formatClock(duration_s)} <span className="live-wide">simulated</span></span>
  )
}

function SpeedChoice({ refused }: { refused: string | null }) {
  const run = useRun((state) => state.run)
  const [kept, keep] = useState(rememberedSpeed)
  const going = run !== null && !isOver(run)
  const speed = going ? run.speed : kept
  const known = SPEEDS.some(({ value }) => value === speed)
  const choices = [...SPEEDS, ...(known ? [] : [{ label: `${speed}×`, value: speed }])]
  return (
    <Select
      className="live-speed" size="xs" w={84} allowDeselect={false} aria-label="Speed: simulated seconds a second" disabled={refused !== null} title={refused ?? 'Simulated seconds a second'}
      comboboxProps={{ width: 110, position: 'top' }}
      data={choices.map(({ label, value }) => ({ label, value: String(value) }))} value={String(speed)}
      onChange={(chosen) => {
        const value = chosen === 'null' || chosen === null ? null : Number(chosen)
        keep(value)
        rememberSpeed(value)
        if (going) send({ action: 'speed', value })
      }}
    />
  )
}

/** The slider is logarithmic: a quarter to sixteen times, in steps of half a doubling. */
const LOAD_STEPS = [-2, 4] as const

function LoadControl({ refused }: { refused: string | null }) {
  const load = useRun((state) => state.shown?.load ?? 1)
  const [wanted, want] = useState<number | null>(null)
  useEffect(() => { if (wanted !== null && Math.abs(wanted - load) < 1e-6) want(null) }, [load, wanted])
  const value = wanted ?? load
  const text = (factor: number) => `${factor === 0 ? '0' : Number(factor.toPrecision(2))}×`
  const order = (factor: number) => { want(factor); send({ action: 'load', value: factor }) }
  return (
    <Popover width={280} position="top" shadow="md" trapFocus>
      <Popover.Target>
        <Button variant="default" size="xs" h={32} className="live-load" data-disabled={refused ? true : undefined} aria-disabled={refused ? true : undefined} title={refused ?? 'Multiply the load of all sources'}>Load {text(load)}</Button>
      </Popover.Target>
      <Popover.Dropdown>
        <p className="live-note" id="load-note">{refused ?? 'Multiplies what all sources send, from now on.'}</p>
        <Slider
          disabled={refused !== null} min={LOAD_STEPS[0]} max={LOAD_STEPS[1]} step={0.5} value={value > 0 ? Math.log2(value) : LOAD_STEPS[0]} label={(power) => text(2 ** power)}
          thumbLabel="Load multiplier" marks={[-2, 0, 2, 4].map((power) => ({ value: power, label: text(2 ** power) }))} mb={24} mt={8}
          onChange={(power) => want(2 ** power)} onChangeEnd={(power) => order(2 ** power)}
        />
        <div className="live-row">
          <Button size="compact-xs" variant="default" disabled={refused !== null} onClick={() => order(1)}>As drawn (1×)</Button>
          <Button size="compact-xs" variant="default" disabled={refused !== null} onClick={() => order(0)}>No load (0×)</Button>
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}
