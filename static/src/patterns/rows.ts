/** A pattern (a filter policy, an event pattern) as rows of path, operator and values, and back; what rows cannot say stays JSON. */

export interface Row { path: string; operator: Operator; value: string }

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
export function rowsOf(pattern: Pattern | null, flat: boolean, before = ''): Row[] | null {
  const rows: Row[] = []
  for (const [name, value] of Object.entries(pattern ?? {})) {
    if (name.startsWith('$') || name === '' || (!flat && name.includes('.'))) return null
    const found = Array.isArray(value) ? rowsAt(before + name, value) : isObject(value) && !flat ? rowsOf(value, flat, `${before}${name}.`) : null
    if (!found || (found.length === 0)) return null
    rows.push(...found)
  }
  return rows
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

export interface Built { pattern: Pattern | null; /** What is wrong with a row, by its place. */ faults: Record<number, string> }

/** The pattern that rows say; none of them says nothing, which everything matches. Rows at one path are alternatives. */
export function patternOf(rows: readonly Row[], flat: boolean): Built {
  const pattern: Pattern = {}
  const faults: Record<number, string> = {}
  rows.forEach((row, index) => {
    const path = row.path.trim()
    if (path === '' || (row.value.trim() === '' && !BARE.has(row.operator))) {
      faults[index] = path === '' ? 'Name the field' : 'Give a value'
      return
    }
    const conditions = conditionsOf(row)
    if (typeof conditions === 'string') faults[index] = conditions
    else if (!put(pattern, flat ? [path] : path.split('.'), conditions)) faults[index] = `“${path}” is part of another field's path, or has an empty part`
  })
  return { pattern: Object.keys(pattern).length ? pattern : null, faults }
}

function put(pattern: Pattern, path: readonly string[], conditions: readonly Condition[]): boolean {
  if (path.some((part) => part === '')) return false
  let at = pattern
  for (const part of path.slice(0, -1)) {
    const next = Object.hasOwn(at, part) ? at[part] : (at[part] = {})
    if (!isObject(next)) return false
    at = next
  }
  const last = path[path.length - 1]!
  const there = Object.hasOwn(at, last) ? at[last] : (at[last] = [])
  if (!Array.isArray(there)) return false
  there.push(...conditions)
  return true
}

/** A row as a sentence. */
export const sentenceOf = ({ path, operator, value }: Row): string => (BARE.has(operator) ? `${path} ${OPERATORS[operator]}` : `${path} ${operator === 'numeric' ? '' : `${OPERATORS[operator]} `}${value}`)
