/** Printing quantities: the only place where a number becomes text a person reads. */

import { COUNTED, DECIMAL_SIZES, DURATIONS, PREFIXES, SIZES, type Rung } from './units'

/** Shown where there is no number: not measured, or not yet. */
export const NO_VALUE = '–'

const MINUS = '\u2212'

/**
 * Print a value in the base unit named by `unit` with at most three significant figures: `1.2k/s`, `35 ms`,
 * `256 KiB`, `4 h 10 min`, `$0.42`. Units: `s`, `bytes`, `per_s`, `per_min`, `share` (0..1, printed as %), `usd`,
 * `messages`, `count`, `times`, and `bytes_per_s`, `usd_per_h`; any other unit is printed after the number.
 * A missing value prints a dash, never `NaN`.
 */
export function formatQuantity(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NO_VALUE
  if (!Number.isFinite(value)) return value > 0 ? 'unlimited' : `${MINUS}unlimited`
  const text = formatSize(Math.abs(value), unit)
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text
}

/** Print a quantity for a narrow place: a duration in one unit, `14 min` where `formatQuantity` says `13 min 58 s`. */
export function formatBrief(value: number | null | undefined, unit: string): string {
  if (unit !== 's' || typeof value !== 'number' || !(value >= 59.95) || !Number.isFinite(value)) return formatQuantity(value, unit)
  const rung = DURATIONS.find(({ size }) => value >= size) as Rung
  const scaled = value / rung.size
  return `${scaled < 9.95 ? Number(scaled.toFixed(1)) : Math.round(scaled)} ${rung.name}`
}

/** Print a quantity with the word for what is counted: `48.2k messages`, `1 message`, `3 times`. */
export function formatWithWord(value: number | null | undefined, unit: string): string {
  const text = formatQuantity(value, unit)
  if (!COUNTED.has(unit) || unit === '' || unit === 'count' || text === NO_VALUE) return text
  return `${text} ${value === 1 ? unit.replace(/s$/, '') : unit}`
}

/** Print a number that is meant exactly, such as a quota: `18,750/s`, `2,048`, `1 MB` where `formatQuantity` says `977 KiB`. */
export function formatExactly(value: number, unit: string): string {
  if (unit === 'bytes') return exactSize(value)
  if (unit !== 'per_s' && !COUNTED.has(unit)) return formatQuantity(value, unit)
  const text = grouped(value)
  if (unit === 'per_s') return value < 0.1 ? formatQuantity(value, unit) : `${text}/s`
  return unit === '' || unit === 'count' ? text : `${text} ${value === 1 ? unit.replace(/s$/, '') : unit}`
}

const grouped = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: 9 })

/** The largest unit of either ladder that leaves a whole number; of two such, the one that leaves the smaller number. */
function exactSize(bytes: number): string {
  const whole = [...SIZES, ...DECIMAL_SIZES].filter(({ size }) => bytes >= size && bytes % size === 0)
  const best = whole.sort((one, other) => other.size - one.size)[0]
  return best ? `${grouped(bytes / best.size)} ${best.name}` : formatQuantity(bytes, 'bytes')
}

/** How many of something there are: `1 node`, `12 nodes`. */
export const counted = (count: number, word: string): string => `${grouped(count)} ${word}${count === 1 ? '' : 's'}`

/** The unit of a counter's rate: what `unit` becomes when it is divided by seconds. */
export function rateUnit(unit: string): string {
  if (unit === 'bytes') return 'bytes_per_s'
  return COUNTED.has(unit) ? 'per_s' : `${unit}/s`
}

/** Print simulated time as a clock: `0:07`, `12:24`, `1:02:03`, `2 d 03:00:00`. */
export function formatClock(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NO_VALUE
  const whole = Math.max(0, Math.floor(seconds + 1e-9))
  const two = (number: number) => String(number).padStart(2, '0')
  const [days, hours, minutes, rest] = [
    Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60,
  ]
  if (days > 0) return `${days} d ${two(hours)}:${two(minutes)}:${two(rest)}`
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** Print how long ago a wall-clock time was: `just now`, `5 min ago`, `3 h ago`, then the date. */
export function formatAgo(then: string | Date, now: Date = new Date()): string {
  const date = typeof then === 'string' ? new Date(then) : then
  if (Number.isNaN(date.getTime())) return NO_VALUE
  const seconds = (now.getTime() - date.getTime()) / 1000
  if (seconds < 45) return 'just now'
  if (seconds < 3570) return `${Math.max(1, Math.round(seconds / 60))} min ago`
  if (seconds < 84_600) return `${Math.round(seconds / 3600)} h ago`
  if (seconds < 7 * 86_400) return `${Math.round(seconds / 86_400)} d ago`
  return date.toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' })
}

function formatSize(size: number, unit: string): string {
  switch (unit) {
    case 's':
      return formatDuration(size)
    case 'bytes':
      return onLadder(size, SIZES, ' ')
    case 'bytes_per_s':
      return `${onLadder(size, SIZES, ' ')}/s`
    case 'per_s':
      return formatRate(size)
    case 'per_min':
      return `${onLadder(size, PREFIXES, '')}/min`
    case 'share':
      return formatShare(size)
    case 'usd':
      return formatUsd(size)
    case 'usd_per_h':
      return `${formatUsd(size)}/h`
    default:
      return COUNTED.has(unit) ? onLadder(size, PREFIXES, '') : `${onLadder(size, PREFIXES, '')} ${unit}`
  }
}

/** Three significant figures without trailing zeros and never in scientific notation. */
export function threeFigures(value: number): string {
  if (value === 0) return '0'
  if (value < 1e-6) return Number(value.toPrecision(3)).toExponential()
  const decimals = Math.min(9, Math.max(0, 2 - Math.floor(Math.log10(value))))
  return String(Number(value.toFixed(decimals)))
}

function onLadder(value: number, ladder: readonly Rung[], space: string): string {
  for (const rung of ladder) {
    const scaled = value / rung.size
    const smallest = rung === ladder[ladder.length - 1]
    if (smallest || Number(threeFigures(scaled)) >= 1) return `${threeFigures(scaled)}${space}${rung.name}`.trim()
  }
  return threeFigures(value)
}

function formatDuration(seconds: number): string {
  if (seconds === 0) return '0 s'
  if (seconds < 0.999_5e-3) return `${threeFigures(seconds * 1e6)} µs`
  if (seconds < 0.9995) return `${threeFigures(seconds * 1e3)} ms`
  if (seconds < 59.95) return `${threeFigures(seconds)} s`
  let whole = Math.round(seconds)
  for (let step = 0; step + 1 < DURATIONS.length; step += 1) {
    const big = DURATIONS[step] as Rung
    const small = DURATIONS[step + 1] as Rung
    const rounded = Math.round(whole / small.size) * small.size
    if (rounded < big.size) continue
    whole = rounded
    const count = Math.floor(whole / big.size)
    const rest = Math.round((whole - count * big.size) / small.size)
    return rest > 0 ? `${count} ${big.name} ${rest} ${small.name}` : `${count} ${big.name}`
  }
  return `${whole} s`
}

function formatRate(perSecond: number): string {
  if (perSecond === 0 || perSecond >= 0.0995) return `${onLadder(perSecond, PREFIXES, '')}/s`
  if (perSecond * 60 >= 0.0995) return `${threeFigures(perSecond * 60)}/min`
  return `${threeFigures(perSecond * 3600)}/h`
}

function formatShare(share: number): string {
  const percent = share * 100
  if (percent > 99 && percent < 100) return `${Math.floor(percent * 100) / 100} %`
  return percent >= 9.95 ? `${Math.round(percent)} %` : `${Number(percent.toPrecision(2))} %`
}

function formatUsd(usd: number): string {
  if (usd === 0) return '$0'
  if (usd < 1e-9) return '<$0.000000001'
  if (usd < 0.0995) return `$${Number(usd.toPrecision(2)).toFixed(Math.max(2, 1 - Math.floor(Math.log10(usd)))).replace(/(\.\d\d.*?)0+$/, '$1')}`
  const decimals = usd < 999.995 ? 2 : 0
  return `$${usd.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })}`
}
