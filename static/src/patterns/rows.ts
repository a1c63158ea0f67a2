/** A pattern (a filter policy, an event pattern) as rows of path, operator and values, and back; what rows cannot say stays JSON. */

export interface Row { path: string; operator: Operator; value: string }

/** Rows that all hold, and sets of rows of which one holds: the alternatives of `$or`, or the patterns of a list. */
export interface Rows {
  all: readonly Row[]
  either: readonly (readonly Row[])[]
  /** The path of the object in which `$or` stands. */
  at: string
}

export const NO_ROWS: Rows = { all: [], either: [], at: '' }

export const OPERATORS = {
  is: 'is', 'is-not': 'is not', prefix: 'begins with', suffix: 'ends with', 'not-prefix': 'does not begin with', 'equals-ignore-case': 'is, in any case', wildcard: 'is like (*)',
  numeric: 'as a number is', cidr: 'is an address in', exists: 'is there', absent: 'is not there',
} as const

export type Operator = keyof typeof OPERATORS

/** Operators that need no value. */
export const BARE: ReadonlySet<Operator> = new Set(['exists', 'absent'])

const TEXTUAL = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard', 'cidr'] as const
const COMPARISON = /^\s*(<=|>=|=|<|>)\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*$/

type Scalar = string | number | boolean | null
type Condition = Scalar | Record<string, unknown>
export type Pattern = Record<string, unknown>

const isScalar = (value: unknown): value is Scalar => value === null || ['string', 'number', 'boolean'].includes(typeof value)
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value as it is written in a row: plain where that is read as the same value again. */
function written(value: Scalar): string {
  if (typeof value !== 'string') return String(value)
  return value !== '' && value.trim() === value && !/[",\p{Cc}]/u.test(value) && typeof readOne(value) === 'string' ? value : JSON.stringify(value)
}

function readOne(text: string): Scalar {
  try {
    const value = JSON.parse(text) as unknown
    if (isScalar(value)) return value
  } catch {
    // Text without quotes.
  }
  return text
}

/** The values of a list separated by commas; a comma within quotes separates nothing. */
const readMany = (text: string): Scalar[] => [...text.matchAll(/\s*("(?:[^"\\]|\\.)*"|[^,]+)/g)].map((part) => part[1]!.trim()).filter((part) => part !== '').map(readOne)

function rowOf(path: string, condition: Record<string, unknown>): Row | null {
  const keys = Object.keys(condition)
  const operator = keys[0]
  const operand = operator === undefined ? undefined : condition[operator]
  if (keys.length !== 1) return null
  for (const known of TEXTUAL) if (operator === known && typeof operand === 'string') return { path, operator: known, value: written(operand) }
  if (operator === 'exists' && typeof operand === 'boolean') return { path, operator: operand ? 'exists' : 'absent', value: '' }
  if (operator === 'numeric' && Array.isArray(operand) && operand.length > 0 && operand.length % 2 === 0) {
    const pairs = Array.from({ length: operand.length / 2 }, (_, index) => `${String(operand[2 * index])} ${String(operand[2 * index + 1])}`)
    return pairs.every((pair) => COMPARISON.test(pair)) ? { path, operator: 'numeric', value: pairs.join(', ') } : null
  }
  if (operator !== 'anything-but') return null
  if (isObject(operand) && Object.keys(operand).length === 1 && typeof operand['prefix'] === 'string') return { path, operator: 'not-prefix', value: written(operand['prefix']) }
  const values = Array.isArray(operand) ? operand : [operand]
  return values.length > 0 && values.every(isScalar) ? { path, operator: 'is-not', value: values.map(written).join(', ') } : null
}

function rowsAt(path: string, conditions: readonly unknown[]): Row[] | null {
  const plain = conditions.filter(isScalar)
  const others = conditions.filter((condition) => !isScalar(condition)).map((condition) => (isObject(condition) ? rowOf(path, condition) : null))
  if (conditions.length === 0 || others.includes(null)) return null
  return [...(plain.length ? [{ path, operator: 'is' as const, value: plain.map(written).join(', ') }] : []), ...(others as Row[])]
}

/** The rows of a pattern; null if it says something that rows cannot. In a flat one, a path is a single name. */
export function rowsOf(pattern: Pattern | null, flat: boolean, before = ''): Rows | null {
  const all: Row[] = []
  let either: Pick<Rows, 'either' | 'at'> | null = null
  for (const [name, value] of Object.entries(pattern ?? {})) {
    const within = isObject(value) && !flat ? rowsOf(value, flat, `${before}${name}.`) : null
    const alternatives = name === '$or' ? alternativesOf(value, flat, before) : within?.either.length ? within : null
    if (alternatives && either) return null
    either ??= alternatives
    if (name === '$or' && alternatives) continue
    if (name.startsWith('$') || name === '' || (!flat && name.includes('.'))) return null
    const found = Array.isArray(value) ? rowsAt(before + name, value) : within?.all
    if (!found || (found.length === 0 && !alternatives)) return null
    all.push(...found)
  }
  return { ...NO_ROWS, all, ...(either && { either: either.either, at: either.at }) }
}

/** The alternatives of `$or`, each of which rows must be able to say without alternatives of its own. */
function alternativesOf(value: unknown, flat: boolean, before: string): Pick<Rows, 'either' | 'at'> | null {
  if (!Array.isArray(value) || value.length < 2) return null
  const either = value.map((one) => (isObject(one) ? plainRows(rowsOf(one, flat, before)) : null))
  return either.every((rows) => rows !== null) ? { either, at: before.slice(0, -1) } : null
}

const plainRows = (rows: Rows | null): readonly Row[] | null => (rows && rows.all.length > 0 && rows.either.length === 0 ? rows.all : null)

/** The rows of patterns of which one has to match; null if rows cannot say one of them. */
export function rowsOfMany(patterns: readonly unknown[]): Rows | null {
  const either = patterns.map((pattern) => (isObject(pattern) ? plainRows(rowsOf(pattern, false)) : null))
  return either.every((rows) => rows !== null) ? { ...NO_ROWS, either } : null
}

function conditionsOf({ operator, value }: Row): Condition[] | string {
  if (operator === 'exists' || operator === 'absent') return [{ exists: operator === 'exists' }]
  if (operator === 'numeric') {
    const parts = value.split(',').map((part) => COMPARISON.exec(part))
    return parts.includes(null) ? 'Write comparisons, such as “> 5” or “>= 10, < 20”' : [{ numeric: parts.flatMap((part) => [part![1], Number(part![2])]) }]
  }
  if (operator === 'is') return readMany(value)
  if (operator === 'is-not') {
    const values = readMany(value)
    return [{ 'anything-but': values.length === 1 ? values[0] : values }]
  }
  const text = value.startsWith('"') ? String(readOne(value)) : value
  return [operator === 'not-prefix' ? { 'anything-but': { prefix: text } } : { [operator]: text }]
}

/** What is wrong with a row, or with an alternative as a whole. */
export type Faults = ReadonlyMap<Row | readonly Row[], string>

interface Built<Said = Pattern | null> { pattern: Said; faults: Faults }

/** The pattern that rows say; none of them says nothing, which everything matches. Rows at one path are alternatives. */
export function patternOf({ all, either, at }: Rows, flat: boolean): Built {
  const faults = new Map<Row | readonly Row[], string>()
  const pattern = objectOf(all, flat, faults)
  if (either.length > 0) {
    // It stands where it stood, unless a path was changed so that it leads elsewhere.
    const inside = at !== '' && either.every((rows) => rows.every(({ path }) => path.startsWith(`${at}.`)))
    const cut = inside ? at.length + 1 : 0
    const alternatives = either.map((rows) => alternativeOf(rows, flat, faults, cut))
    const home = inside ? objectAt(pattern, at.split('.')) : pattern
    if (home) home['$or'] = alternatives
    else faults.set(either[0]!, `“${at}” is a field with a value above`)
  }
  return { pattern: Object.keys(pattern).length ? pattern : null, faults }
}

/** The patterns that rows say, of which one has to match. */
export function patternsOf({ either }: Rows): Built<Pattern[]> {
  const faults = new Map<Row | readonly Row[], string>()
  return { pattern: either.map((rows) => alternativeOf(rows, false, faults, 0)), faults }
}

function alternativeOf(rows: readonly Row[], flat: boolean, faults: Map<Row | readonly Row[], string>, cut: number): Pattern {
  if (rows.length === 0) faults.set(rows, 'Give it a condition')
  return objectOf(rows, flat, faults, cut)
}

/** Rows as an object; so many letters of their paths lead to where it stands. */
function objectOf(rows: readonly Row[], flat: boolean, faults: Map<Row | readonly Row[], string>, cut = 0): Pattern {
  const pattern: Pattern = {}
  for (const row of rows) {
    const path = row.path.trim()
    const conditions = path === '' ? 'Name the field' : row.value.trim() === '' && !BARE.has(row.operator) ? 'Give a value' : conditionsOf(row)
    const rest = path.slice(cut)
    if (typeof conditions === 'string') faults.set(row, conditions)
    else if (!put(pattern, flat ? [rest] : rest.split('.'), conditions)) faults.set(row, `“${path}” is part of another field's path, or has an empty part`)
  }
  return pattern
}

/** The object at a path, made where it is missing; null where a value stands in the way. */
function objectAt(pattern: Pattern, path: readonly string[]): Pattern | null {
  let at = pattern
  for (const part of path) {
    const next = Object.hasOwn(at, part) ? at[part] : (at[part] = {})
    if (!isObject(next)) return null
    at = next
  }
  return at
}

function put(pattern: Pattern, path: readonly string[], conditions: readonly Condition[]): boolean {
  if (path.some((part) => part === '')) return false
  const at = objectAt(pattern, path.slice(0, -1))
  if (!at) return false
  const last = path[path.length - 1]!
  const there = Object.hasOwn(at, last) ? at[last] : (at[last] = [])
  if (!Array.isArray(there)) return false
  there.push(...conditions)
  return true
}

/** A row as a sentence. */
export const sentenceOf = ({ path, operator, value }: Row): string => (BARE.has(operator) ? `${path} ${OPERATORS[operator]}` : `${path} ${operator === 'numeric' ? '' : `${OPERATORS[operator]} `}${value}`)

/** Rows that all hold, as sentences. */
export const sentencesOf = (rows: readonly Row[]): string[] => rows.map((row, place) => `${rows[place - 1]?.path === row.path ? 'or ' : ''}${sentenceOf(row)}`)

/** A pattern, or a list of them, in a sentence; null where rows cannot say it. */
export function saidIn(value: unknown, flat: boolean): string | null {
  const rows = Array.isArray(value) ? rowsOfMany(value) : isObject(value) ? rowsOf(value, flat) : null
  if (!rows) return null
  const all = (some: readonly Row[]) => sentencesOf(some).reduce((said, one) => (said === '' || one.startsWith('or ') ? `${said} ${one}`.trim() : `${said} and ${one}`), '')
  const either = rows.either.map(all).join(' or else ')
  return [all(rows.all), rows.all.length && either ? `(${either})` : either].filter(Boolean).join(' and ') || 'everything'
}
