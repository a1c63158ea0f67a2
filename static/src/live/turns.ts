/**
 * The run as the canvas shows it. While a run flows, cards and wires take turns, a few of them at a time, each five times a second:
 * eyes can read no more, and no one moment has to draw all of them. Whenever time stands still, all show the moment shown at once.
 */

import { create, type StoreApi, type UseBoundStore } from 'zustand'

import { timePasses, useReplay } from './replay'
import { useRun, type LiveState } from './runStore'

export const TURNS = 6
const BETWEEN_MS = 33

const turns = Array.from({ length: TURNS }, () => create<LiveState>(() => useRun.getState()))
let next = 0
let timer: ReturnType<typeof setTimeout> | undefined

/** The run as the node or wire with this id shows it. */
export function turnOf(id: string): UseBoundStore<StoreApi<LiveState>> {
  let sum = 0
  for (let place = 0; place < id.length; place += 1) sum = (sum * 31 + id.charCodeAt(place)) >>> 0
  return turns[sum % TURNS]!
}

function showAll(): void {
  clearTimeout(timer)
  timer = undefined
  for (const turn of turns) turn.setState(useRun.getState(), true)
}

function book(): void {
  timer ??= setTimeout(() => {
    timer = undefined
    const now = useRun.getState()
    turns[next]!.setState(now, true)
    next = (next + 1) % TURNS
    if (turns.some((turn) => turn.getState() !== now)) book()
  }, BETWEEN_MS)
}

useRun.subscribe((state, before) => {
  if (timePasses(state) && before.shown !== null && state.run?.id === before.run?.id) book()
  else showAll()
})
useReplay.subscribe(({ playing }) => { if (!playing) showAll() })
