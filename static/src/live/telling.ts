/** What becomes of a run, in sentences for those who do not see it. Pure functions. */

import { formatClock } from '../format'
import type { Phase } from './runSocket'
import type { Frame, Run } from './shapes'

interface Heard { run: Pick<Run, 'id' | 'paused' | 'state'> | null; phase: Phase; shown: Pick<Frame, 'time_s'> | null }

/** What happened to a run between two states of it; empty where nothing is worth saying, or a notice on the page says it. */
export function runSentence(before: Heard, { run, phase, shown }: Heard): string {
  if (!run) return ''
  const at = shown ? ` at ${formatClock(shown.time_s)}` : ''
  const goes = (one: Heard) => one.phase === 'live' && one.run?.id === run.id && one.run.state !== 'waiting'
  if (goes({ run, phase, shown }) && !goes(before)) return before.phase === 'reconnecting' ? 'Connected to the run again' : run.paused ? 'The run is paused' : 'The run goes on'
  if (phase === 'ended' && before.phase === 'live') return `The run has ended${at}. The tabs Why and Report say what came of it`
  if (before.run?.id !== run.id || before.run.paused === run.paused || phase !== 'live') return ''
  return run.paused ? `Paused${at}` : 'The run goes on'
}
