/** Plays what is stored of a run, at any speed: the moment shown moves on by itself. */

import { create } from 'zustand'

import { remember } from '../app/remember'
import { isOver } from './runSocket'
import { useRun } from './runStore'

/** Simulated seconds a wall second. */
export const REPLAY_SPEEDS: readonly number[] = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1000, 5000]
const KEY = 'backwater.replay'
const WHOLE_RUN_S = 30

interface Replay {
  playing: boolean
  /** Simulated seconds a wall second; null: so fast that the whole run takes half a minute. */
  speed: number | null
  setSpeed(speed: number | null): void
  play(): void
  pause(): void
}

function remembered(): number | null {
  const kept = Number(localStorage.getItem(KEY))
  return REPLAY_SPEEDS.includes(kept) ? kept : null
}

/** How fast a run of this length plays at a chosen speed. */
export function replaySpeed(speed: number | null, length_s: number): number {
  return speed ?? Math.max(0.1, length_s / WHOLE_RUN_S)
}

let booked = 0

export const useReplay = create<Replay>((set, get) => ({
  playing: false,
  speed: remembered(),
  setSpeed: (speed) => {
    remember(KEY, String(speed))
    set({ speed })
  },
  play: () => {
    const { log, scrub_s, scrub } = useRun.getState()
    if (get().playing || !log.latest) return
    // What has been played to its end begins anew.
    if (scrub_s === null || scrub_s >= log.latest.time_s) scrub(log.frames[0]!.time_s)
    set({ playing: true })
    let last = performance.now()
    const step = (time: number) => {
      if (!get().playing) return
      const run = useRun.getState()
      const end_s = run.log.latest?.time_s ?? 0
      const at_s = (run.scrub_s ?? end_s) + (Math.max(0, time - last) / 1000) * replaySpeed(get().speed, end_s)
      last = time
      if (run.scrub_s === null || run.log.latest === null) return get().pause()
      if (at_s >= end_s) {
        run.scrub(null)
        return get().pause()
      }
      run.scrub(at_s)
      booked = requestAnimationFrame(step)
    }
    booked = requestAnimationFrame(step)
  },
  pause: () => {
    cancelAnimationFrame(booked)
    if (get().playing) set({ playing: false })
  },
}))

// Whoever leaves a run, or turns to another, no longer plays it.
useRun.subscribe((state, before) => { if (state.run?.id !== before.run?.id) useReplay.getState().pause() })

/** Whether there is something to play: a run that is over, or one that is looked back at. */
export function canReplay({ run, log, scrub_s }: ReturnType<typeof useRun.getState>): boolean {
  return run !== null && log.frames.length > 1 && (isOver(run) || scrub_s !== null)
}

/** Whether simulated time passes on the screen: in a run that goes on and is watched live, or in a replay. */
export function timePasses({ run, phase, scrub_s }: ReturnType<typeof useRun.getState>): boolean {
  return useReplay.getState().playing || (run !== null && !isOver(run) && !run.paused && phase === 'live' && scrub_s === null)
}
