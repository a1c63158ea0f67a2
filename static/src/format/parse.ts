/** Reading quantities people type, and writing a value so that it reads back as exactly itself. */

import { threeFigures } from './quantity'
import {
  COUNTED, DURATIONS, DURATION_WORDS, PERIOD_WORDS, PREFIXES, PREFIX_WORDS, SIZES, SIZE_WORDS, type Rung,
} from './units'

/** A value in the unit's base, or a sentence that names the text and says what is understood. */
export type Parsed = { ok: true; value: number } | { ok: false; message: string }

const NUMBER = String.raw`(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?`

const UNDERSTOOD: Readonly<Record<string, { noun: string; examples: string }>> = {
  s: { noun: 'a duration', examples: '90, 250 ms, 30 s, 5 min, 1 h 30 min or 2 d' },
  bytes: { noun: 'a size', examples: '1024, 64 KiB, 1 MiB or 1.5 MB' },
  per_s: { noun: 'a rate', examples: '200, 1.5k/s, 300/min or 20/h' },
  per_min: { noun: 'a rate', examples: '300, 300/min, 1.5k/min or 5/s' },
  share: { noun: 'a share', examples: '5, 5 % or 0.5 %' },
  usd: { noun: 'an amount in US dollars', examples: '0.42, $0.42 or $1,200' },
}
const COUNT_UNDERSTOOD = { noun: 'a number', examples: '250, 1,200, 1.5k or 2M' }

/**
 * Read `text` as a quantity of `unit`; a bare number is in the unit shown (seconds, bytes, per second, per cent).
 * Never throws: the answer is the value, or a sentence to show beside the field.
 */
export function parseQuantity(text: string, unit: string): Parsed {
  const cleaned = text.trim().toLowerCase().replace(/[\u2212\u2013]/g, '-').replace(/\u00a0/g, ' ')
  if (cleaned === '') return failure(text, unit)
  const negative = cleaned.startsWith('-')
  const value = readSize(negative ? cleaned.slice(1).trim() : cleaned, unit)
  if (value === null || !Number.isFinite(value)) return failure(text, unit)
  return { ok: true, value: negative ? -value : value }
}

/** Write a value for a field to edit: short where that is exact, and always read back as the same number. */
export function exactText(value: number, unit: string): string {
  if (!Number.isFinite(value)) return ''
  const size = Math.abs(value)
  for (const text of candidates(size, unit)) {
    const read = parseQuantity(text, unit)
    if (read.ok && read.value === size) return value < 0 ? `-${text}` : text
  }
  return String(value)
}

function failure(text: string, unit: string): Parsed {
  const { noun, examples } = UNDERSTOOD[unit] ?? COUNT_UNDERSTOOD
  const lead = text.trim() === '' ? `Enter ${noun}` : `“${text.trim()}” is not ${noun}`
  return { ok: false, message: `${lead}: write for example ${examples}.` }
}

function readSize(text: string, unit: string): number | null {
  switch (unit) {
    case 's':
      return readDuration(text)
    case 'bytes':
      return readWith(text, SIZE_WORDS, 'b')
    case 'per_s':
      return readRate(text, 1)
    case 'per_min':
      return readRate(text, 60)
    case 'share':
      return readShare(text)
    case 'usd':
      return readWith(text.replace(/^\$\s*|\s*(usd|\$)$/g, ''), PREFIX_WORDS, '')
    default:
      return readCount(text, unit)
  }
}

function readNumber(text: string): number {
  return Number(text.replace(/,/g, ''))
}

function readDuration(text: string): number | null {
  if (new RegExp(`^${NUMBER}$`).test(text)) return readNumber(text)
  const part = new RegExp(String.raw`\s*(${NUMBER})\s*([a-zµμ]+)\s*`, 'y')
  let total = 0
  while (part.lastIndex < text.length) {
    const match = part.exec(text)
    const size = match ? DURATION_WORDS[match[2] as string] : undefined
    if (!match || size === undefined) return null
    total += divideOrMultiply(readNumber(match[1] as string), size)
  }
  return total
}

/** 35 ms is 35 / 1000, not 35 * 0.001: the division gives the nearest number, the product may not. */
function divideOrMultiply(number: number, size: number): number {
  return size < 1 ? number / Math.round(1 / size) : number * size
}

function readWith(text: string, words: Readonly<Record<string, number>>, otherwise: string): number | null {
  const match = new RegExp(String.raw`^(${NUMBER})\s*([a-z]*)$`).exec(text)
  if (!match) return null
  const size = words[match[2] || otherwise]
  return size === undefined ? null : readNumber(match[1] as string) * size
}

function readRate(text: string, period: number): number | null {
  const match = new RegExp(String.raw`^(${NUMBER})\s*([kmgb]?)(?:\s*(?:/|per\s)\s*([a-z]+))?$`).exec(text)
  if (!match) return null
  const per = match[3] === undefined ? period : PERIOD_WORDS[match[3]]
  const prefix = PREFIX_WORDS[match[2] ?? '']
  if (per === undefined || prefix === undefined) return null
  const count = readNumber(match[1] as string) * prefix
  return per === period ? count : (count * period) / per
}

function readShare(text: string): number | null {
  const match = new RegExp(String.raw`^(${NUMBER})\s*(?:%|percent|per cent)?$`).exec(text)
  return match ? readNumber(match[1] as string) / 100 : null
}

function readCount(text: string, unit: string): number | null {
  const word = COUNTED.has(unit) ? unit : unit.toLowerCase()
  const singular = word.replace(/s$/, '')
  const bare = [word, singular].filter(Boolean).reduce((rest, ending) => (rest.endsWith(` ${ending}`) ? rest.slice(0, -ending.length).trim() : rest), text)
  return readWith(bare, PREFIX_WORDS, '')
}

function* candidates(size: number, unit: string): Generator<string> {
  switch (unit) {
    case 's':
      yield* durations(size)
      yield `${size} s`
      break
    case 'bytes':
      yield* shortOn(size, SIZES.slice(0, -1), ' ', '')
      yield `${plain(size)} B`
      yield `${size} B`
      break
    case 'per_s':
      if (size >= 10_000) yield* shortOn(size, PREFIXES.slice(0, -1), '', '/s')
      if (String(size).length > MOST_FIGURES) yield* slower(size, ['/min', 60], ['/h', 3600], ['/d', 86_400])
      yield `${plain(size)}/s`
      yield `${size}/s`
      break
    case 'per_min':
      if (size >= 10_000) yield* shortOn(size, PREFIXES.slice(0, -1), '', '/min')
      if (String(size).length > MOST_FIGURES) yield* slower(size, ['/s', 1 / 60], ['/h', 60], ['/d', 1440])
      yield `${plain(size)}/min`
      yield `${size}/min`
      break
    case 'share':
      yield `${Number((size * 100).toPrecision(12))} %`
      yield `${size * 100} %`
      yield* neighbours(size * 100).map((percent) => `${percent} %`)
      break
    case 'usd':
      yield `$${size}`
      break
    default:
      yield plain(size)
      yield String(size)
  }
}

/** With its thousands apart, where there are many. */
const plain = (size: number) => (size >= 10_000 ? size.toLocaleString('en-US', { maximumFractionDigits: 9 }) : String(size))

/** A rate of more figures than these is tried in other periods. */
const MOST_FIGURES = 7

/** A rate in other periods, where it comes out short: 0.008333… a second are 0.5 a minute. */
function* slower(rate: number, ...periods: [ending: string, times: number][]): Generator<string> {
  for (const [ending, times] of periods) {
    const text = String(Number((rate * times).toPrecision(12)))
    if (text.length <= MOST_FIGURES) yield `${text}${ending}`
  }
}

function* durations(seconds: number): Generator<string> {
  if (seconds > 0 && seconds < 1e-3) yield `${Number((seconds * 1e6).toPrecision(12))} µs`
  if (seconds > 0 && seconds < 1) yield `${Number((seconds * 1e3).toPrecision(12))} ms`
  const parts: string[] = []
  let rest = seconds
  for (const { name, size } of DURATIONS) {
    const count = name === 's' ? Number(rest.toPrecision(12)) : Math.floor(rest / size)
    if (count > 0) parts.push(`${count} ${name}`)
    rest -= count * size
  }
  if (parts.length > 0) yield parts.join(' ')
}

function* shortOn(value: number, ladder: readonly Rung[], space: string, ending: string): Generator<string> {
  for (const { name, size } of ladder) {
    if (value >= size) yield `${threeFigures(value / size)}${space}${name}${ending}`
  }
}

/** The numbers next to `value`: dividing by 100 may land one step beside the share that was printed. */
function neighbours(value: number): number[] {
  const step = Math.max(Math.abs(value) * Number.EPSILON, Number.MIN_VALUE)
  return [value - step, value + step, value - 2 * step, value + 2 * step]
}
