import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { useRun } from './runStore'
import type { Frame, Run } from './shapes'
import { turnOf, TURNS } from './turns'

const ids = Array.from({ length: 60 }, (_, number) => `node-${number}`)
const frame = (seq: number) => ({ seq, time_s: seq, nodes: {}, wires: {} }) as unknown as Frame
const running = { id: 'run', state: 'running', paused: false } as unknown as Run
const behind = () => ids.filter((id) => turnOf(id).getState().shown !== useRun.getState().shown).length

beforeEach(() => {
  vi.useFakeTimers()
  useRun.setState({ run: running, phase: 'live', scrub_s: null, shown: frame(1) })
})
afterEach(() => vi.useRealTimers())

test('the first frame is shown by all at once', () => {
  expect(behind()).toBe(0)
})

test('while a run flows, cards take turns until all show the newest frame', () => {
  useRun.setState({ shown: frame(2) })
  expect(behind()).toBe(ids.length)
  vi.advanceTimersToNextTimer()
  expect(behind()).toBeGreaterThan(0)
  expect(behind()).toBeLessThan(ids.length)
  for (let turn = 1; turn < TURNS; turn += 1) vi.advanceTimersToNextTimer()
  expect(behind()).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})

test.each([
  ['is paused', { run: { ...running, paused: true } as Run }],
  ['is looked back at', { scrub_s: 1 }],
  ['is over', { run: { ...running, state: 'finished' } as unknown as Run, phase: 'ended' as const }],
])('when a run %s, all show the same moment at once', (_, change) => {
  useRun.setState({ shown: frame(2) })
  vi.advanceTimersToNextTimer()
  useRun.setState(change)
  expect(behind()).toBe(0)
})
