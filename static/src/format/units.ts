/**
 * The units a quantity can have, and the ladders of names people read and write them in.
 * Every number in Backwater is in the base unit its name ends in; these ladders are only for eyes and keyboards.
 */

export interface Rung {
  /** The name printed after the number. */
  name: string
  /** How many base units one of these is. */
  size: number
}

export const DURATIONS: readonly Rung[] = [
  { name: 'd', size: 86_400 },
  { name: 'h', size: 3600 },
  { name: 'min', size: 60 },
  { name: 's', size: 1 },
]

export const SIZES: readonly Rung[] = [
  { name: 'TiB', size: 1024 ** 4 },
  { name: 'GiB', size: 1024 ** 3 },
  { name: 'MiB', size: 1024 ** 2 },
  { name: 'KiB', size: 1024 },
  { name: 'B', size: 1 },
]

/** For sizes that AWS states in powers of ten. */
export const DECIMAL_SIZES: readonly Rung[] = [
  { name: 'TB', size: 1e12 },
  { name: 'GB', size: 1e9 },
  { name: 'MB', size: 1e6 },
  { name: 'kB', size: 1e3 },
]

export const PREFIXES: readonly Rung[] = [
  { name: 'G', size: 1e9 },
  { name: 'M', size: 1e6 },
  { name: 'k', size: 1e3 },
  { name: '', size: 1 },
]

/** What people may type, in lower case, beside the names printed. */
export const DURATION_WORDS: Readonly<Record<string, number>> = {
  us: 1e-6, 'µs': 1e-6, 'μs': 1e-6,
  ms: 1e-3, msec: 1e-3, millisecond: 1e-3, milliseconds: 1e-3,
  s: 1, sec: 1, secs: 1, second: 1, seconds: 1,
  m: 60, min: 60, mins: 60, minute: 60, minutes: 60,
  h: 3600, hr: 3600, hour: 3600, hours: 3600,
  d: 86_400, day: 86_400, days: 86_400,
  w: 604_800, week: 604_800, weeks: 604_800,
}

export const SIZE_WORDS: Readonly<Record<string, number>> = {
  b: 1, byte: 1, bytes: 1,
  kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12,
  kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, tib: 1024 ** 4,
}

export const PREFIX_WORDS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, b: 1e9 }

/** Seconds in the period a rate is written in. */
export const PERIOD_WORDS: Readonly<Record<string, number>> = {
  s: 1, sec: 1, second: 1, m: 60, min: 60, minute: 60, h: 3600, hour: 3600, d: 86_400, day: 86_400,
}

/** Units that count things: printed with a prefix and without a word. */
export const COUNTED: ReadonlySet<string> = new Set(['', 'count', 'messages', 'times', 'requests', 'calls'])
