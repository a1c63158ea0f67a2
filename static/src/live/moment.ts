/** Links to a moment of a run: `?t=SECONDS` of simulated time. */

import type { Run } from './shapes'

/** The moment that a link asks for, if any; or what is wrong with it. */
export function momentOf(search: string): { at_s: number | null; problem: string | null } {
  const text = new URLSearchParams(search).get('t')
  if (text === null) return { at_s: null, problem: null }
  const at_s = text.trim() === '' ? NaN : Number(text)
  if (Number.isFinite(at_s) && at_s >= 0) return { at_s, problem: null }
  return { at_s: null, problem: `The link asks for the moment “${text}”, which is no number of seconds. Write for example ?t=90.` }
}

/** A link with which others see this moment, or without a time the run; a viewer passes on the key they came with. */
export function linkToMoment(run: Pick<Run, 'id' | 'view_url'>, time_s: number | null, key: string | undefined, here: string): string {
  const link = new URL(run.view_url ?? `/runs/${run.id}/`, here)
  if (!link.searchParams.has('key') && key) link.searchParams.set('key', key)
  if (time_s !== null) link.searchParams.set('t', String(time_s))
  return link.href
}
