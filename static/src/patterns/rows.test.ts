import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { NO_ROWS, patternOf, patternsOf, rowsOf, rowsOfMany, saidIn, type Pattern, type Row } from './rows'

const built = (all: Row[], flat = false) => patternOf({ ...NO_ROWS, all }, flat)
const x: Row = { path: 'a', operator: 'is', value: 'x' }
const y: Row = { path: 'b', operator: 'is', value: 'y' }

describe('rows of a pattern', () => {
  it.each<[string, Pattern, boolean, Row[]]>([
    ['values', { kind: ['order', 3, true, null] }, true, [{ path: 'kind', operator: 'is', value: 'order, 3, true, null' }]],
    ['texts that look like something else', { kind: ['3', 'a,b', ''] }, true, [{ path: 'kind', operator: 'is', value: '"3", "a,b", ""' }]],
    ['fields within fields', { detail: { total: [{ numeric: ['>', 5, '<=', 10] }] } }, false, [{ path: 'detail.total', operator: 'numeric', value: '> 5, <= 10' }]],
    ['alternatives at one field', { a: ['x', { prefix: 'y' }] }, false, [{ path: 'a', operator: 'is', value: 'x' }, { path: 'a', operator: 'prefix', value: 'y' }]],
    ['what is not', { a: [{ 'anything-but': ['x', 'y'] }], b: [{ 'anything-but': { prefix: 'z' } }], c: [{ exists: false }] }, false, [
      { path: 'a', operator: 'is-not', value: 'x, y' }, { path: 'b', operator: 'not-prefix', value: 'z' }, { path: 'c', operator: 'absent', value: '' },
    ]],
    ['a name with a dot, where paths are names', { 'shop.kind': ['a'] }, true, [{ path: 'shop.kind', operator: 'is', value: 'a' }]],
  ])('shows %s, and says the same again', (_, pattern, flat, rows) => {
    expect(rowsOf(pattern, flat)).toEqual({ ...NO_ROWS, all: rows })
    expect(built(rows, flat)).toEqual({ pattern, faults: new Map() })
  })

  it.each<[string, Pattern, boolean]>([
    ['alternatives within alternatives', { $or: [{ a: ['x'] }, { $or: [{ b: ['y'] }, { c: ['z'] }] }] }, false],
    ['two sets of alternatives', { $or: [{ a: ['x'] }, { b: ['y'] }], d: { $or: [{ a: ['x'] }, { b: ['y'] }] } }, false],
    ['a single alternative', { $or: [{ a: ['x'] }] }, false],
    ['a condition within another', { a: [{ 'anything-but': { suffix: ['x'] } }] }, false],
    ['an unknown operator', { a: [{ almost: 'x' }] }, false],
    ['a name with a dot, where dots lead into objects', { 'a.b': ['x'] }, false],
    ['an object, where there are only names', { a: { b: ['x'] } }, true],
    ['a value without a list', { a: 'x' }, false],
  ])('leaves %s to JSON', (_, pattern, flat) => {
    expect(rowsOf(pattern, flat)).toBeNull()
  })

  it.each<[string, Pattern, boolean]>([
    ['beside fields', { a: ['x'], $or: [{ a: ['x'] }, { b: ['y'], c: [{ exists: true }] }] }, false],
    ['of names', { 'a.b': ['x'], $or: [{ a: ['x'] }, { b: ['y'] }] }, true],
    ['within an object', { source: ['s'], detail: { kind: ['k'], $or: [{ a: { b: ['x'] } }, { c: ['y'] }] } }, false],
    ['alone within an object', { detail: { $or: [{ a: ['x'] }, { c: ['y'] }] } }, false],
  ])('shows alternatives %s, and says the same again', (_, pattern, flat) => {
    const rows = rowsOf(pattern, flat)!
    expect(rows.either).toHaveLength(2)
    expect(patternOf(rows, flat)).toEqual({ pattern, faults: new Map() })
  })

  it('puts alternatives outside once one leads elsewhere, and wants conditions in each', () => {
    const rows = rowsOf({ detail: { $or: [{ a: ['x'] }, { c: ['y'] }] } }, false)!
    expect(patternOf({ ...rows, either: [[x], rows.either[1]!] }, false).pattern).toEqual({ $or: [{ a: ['x'] }, { detail: { c: ['y'] } }] })
    const empty: Row[] = []
    expect([...patternOf({ ...NO_ROWS, either: [[x], empty] }, false).faults]).toEqual([[empty, 'Give it a condition']])
  })

  it('makes a list of patterns of which one has to match', () => {
    const patterns = [{ a: ['x'], b: ['y'] }, { b: ['y'] }]
    expect(rowsOfMany(patterns)).toEqual({ ...NO_ROWS, either: [[x, y], [y]] })
    expect(patternsOf(rowsOfMany(patterns)!)).toEqual({ pattern: patterns, faults: new Map() })
    expect(rowsOfMany([{ $or: [{ a: ['x'] }, { b: ['y'] }] }])).toBeNull()
    expect(saidIn(patterns, false)).toBe('a is x and b is y or else b is y')
    expect(saidIn({ a: ['x'], $or: [{ a: ['x'] }, { b: ['y'] }] }, false)).toBe('a is x and (a is x or else b is y)')
  })

  it('says what a row lacks, and keeps the rest', () => {
    const rows: Row[] = [x, { path: '', operator: 'is', value: 'y' }, { path: 'b', operator: 'numeric', value: 'about 5' }, { path: 'a.b', operator: 'is', value: 'z' }]
    const { pattern, faults } = built(rows)
    expect(pattern).toEqual({ a: ['x'] })
    expect([...faults.keys()]).toEqual(rows.slice(1))
    expect(faults.get(rows[2]!)).toContain('> 5')
  })

  it('nothing asked for is no pattern', () => {
    expect(built([])).toEqual({ pattern: null, faults: new Map() })
    expect(rowsOf(null, false)).toEqual(NO_ROWS)
  })

  it('any pattern that rows show is the same pattern again', () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
    const condition = fc.oneof(
      scalar, fc.record({ prefix: fc.string({ minLength: 1 }) }), fc.record({ exists: fc.boolean() }), fc.record({ 'anything-but': fc.array(scalar, { minLength: 2, maxLength: 3 }) }),
      fc.tuple(fc.constantFrom('<', '>=', '='), fc.integer()).map((numeric) => ({ numeric })),
    )
    const name = fc.stringMatching(/^[a-z]{1,4}$/)
    const pattern = fc.dictionary(name, fc.oneof(fc.array(condition, { minLength: 1, maxLength: 3 }), fc.dictionary(name, fc.array(condition, { minLength: 1, maxLength: 2 }), { minKeys: 1, maxKeys: 2 })), { minKeys: 1, maxKeys: 3 })
    const sorted = (found: Pattern): unknown => JSON.parse(JSON.stringify(found), (_, value: unknown) => (Array.isArray(value) ? [...value].map((one) => JSON.stringify(one)).sort() : value))
    fc.assert(fc.property(pattern, (asked) => {
      const rows = rowsOf(asked as Pattern, false)
      if (rows === null) return
      const again = patternOf(rows, false)
      expect(again.faults.size).toBe(0)
      expect(sorted(again.pattern!)).toEqual(sorted(asked as Pattern))
    }))
  })
})
