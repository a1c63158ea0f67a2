import { describe, expect, it } from 'vitest'

import { exactText, formatExactly, parseQuantity } from '.'

describe('numbers that are meant exactly', () => {
  it('keeps every figure of a quota, and groups thousands', () => {
    expect(formatExactly(18_750, 'per_s')).toBe('18,750/s')
    expect(formatExactly(2048, 'count')).toBe('2,048')
    expect(formatExactly(120_000, 'messages')).toBe('120,000 messages')
    expect(formatExactly(1, 'messages')).toBe('1 message')
    expect(formatExactly(129_600, 's')).toBe('1 d 12 h')
  })

  it('says a size in the unit that it is round in', () => {
    expect([1_000_000, 240_000, 200e9, 262_144, 10_485_760, 1_024_000].map((bytes) => formatExactly(bytes, 'bytes'))).toEqual(['1 MB', '240 kB', '200 GB', '256 KiB', '10 MiB', '1,000 KiB'])
    expect(formatExactly(1500.5, 'bytes')).toBe('1.47 KiB')
  })

  it('groups thousands in a field so that they are read back', () => {
    expect(exactText(2_000_000, '')).toBe('2,000,000')
    expect(exactText(1000, '')).toBe('1000')
    expect(parseQuantity('2,000,000', '')).toEqual({ ok: true, value: 2_000_000 })
    expect(exactText(0.0002, 's')).toBe('200 µs')
    expect(exactText(1_048_588, 'bytes')).toBe('1,048,588 B')
    expect(exactText(18_750, 'per_s')).toBe('18,750/s')
  })

  it('writes a rate in the period in which it is short', () => {
    expect([0.5 / 60, 1 / 3600, 1 / 7].map((rate) => exactText(rate, 'per_s'))).toEqual(['0.5/min', '1/h', '0.14285714285714285/s'])
    expect(parseQuantity('0.5/min', 'per_s')).toEqual({ ok: true, value: 0.5 / 60 })
  })
})
