import { expect, test } from 'vitest'

import { runSentence } from './telling'

const going = { run: { id: 'r', paused: false, state: 'running' as const }, phase: 'live' as const, shown: { time_s: 80 } }
const paused = { ...going, run: { ...going.run, paused: true } }

test('a run that begins, stands still, goes on and ends is told of, once each', () => {
  expect(runSentence({ ...going, phase: 'connecting', shown: null }, going)).toBe('The run goes on')
  expect(runSentence({ ...going, phase: 'reconnecting' }, going)).toBe('Connected to the run again')
  expect(runSentence({ ...going, run: { ...going.run, state: 'waiting' } }, going)).toBe('The run goes on')
  expect(runSentence(going, paused)).toBe('Paused at 1:20')
  expect(runSentence(paused, going)).toBe('The run goes on')
  expect(runSentence(going, { ...going, phase: 'ended', shown: { time_s: 600 } })).toBe('The run has ended at 10:00. The tabs Why and Report say what came of it')
})

test('frames, runs that were over when they were opened, and what a notice says are not', () => {
  expect(runSentence(going, { ...going, shown: { time_s: 81 } })).toBe('')
  expect(runSentence({ run: null, phase: 'connecting', shown: null }, { ...going, phase: 'ended' })).toBe('')
  expect(runSentence(going, { ...going, phase: 'failed' })).toBe('')
  expect(runSentence(paused, { ...going, run: { ...going.run, id: 'other' }, phase: 'connecting' })).toBe('')
  expect(runSentence({ ...going, phase: 'connecting' }, { ...going, run: { ...going.run, state: 'waiting' } })).toBe('')
})
