import { expect, it } from 'vitest'

import { usedText } from './selectors'
import type { Service } from './shapes'

const measuring = (limit: string, unit: string): Pick<Service, 'metrics'> => ({ metrics: [{ name: 'm', title: 'M', unit, type: 'gauge', help: '', source: null, primary: true, chart: '', limit }] })

it('tells the use of a limit in its own unit, else in that of the metric held against it', () => {
  expect(usedText({ title: '', used: 40, limit: 1000 }, undefined, 'x')).toBe('40 of 1k')
  expect(usedText({ title: '', used: 1.27e6, limit: 3.01e9, unit: 'bytes' }, undefined, 'x')).toBe('1.21 MiB of 2.8 GiB')
  expect(usedText({ title: '', used: 0.0188, limit: 1, unit: 'share' }, undefined, 'x')).toBe('1.9 %')
  expect(usedText({ title: '', used: 0.96, limit: 1 }, measuring('x', 'share'), 'x')).toBe('96 %')
  expect(usedText({ title: '', used: 3, limit: null }, undefined, 'x')).toBe('3, unlimited')
})
