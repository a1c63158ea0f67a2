import { describe, expect, it } from 'vitest'

import { give } from './intervals'

const figure = (mean: number, half_width: number | null) => ({ mean, half_width, min: 0, max: 1, samples: 5 })

describe('an interval in words', () => {
  it('gives the width in the unit and as a share of the mean', () => {
    expect(give(figure(0.1, 0.004), 's')).toBe('± 4 ms (4 %)')
  })
  it('keeps the period of the rate it belongs to', () => {
    expect(give(figure(7, 0.07), 'per_s')).toMatch(/^± 0\.07\/s/)
  })
  it('has no share of nothing, and says when one sample cannot tell', () => {
    expect(give(figure(0, 0), 's')).not.toContain('(')
    expect(give(figure(3, null), 's')).toBe('one sample')
  })
})
