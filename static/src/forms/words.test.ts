import { describe, expect, it } from 'vitest'

import type { Schema } from '../api/types'
import { settingsWords, settingWords } from './words'

const schema: Schema = {
  type: 'object',
  properties: {
    work: { title: 'Work', oneOf: [{ $ref: '#/$defs/Skewed' }, { $ref: '#/$defs/Fixed' }], discriminator: { propertyName: 'type', mapping: { skewed: '#/$defs/Skewed', fixed: '#/$defs/Fixed' } } },
    wait_s: { title: 'Wait', type: 'number', unit: 's' },
    filters: { title: 'Filters', type: 'array', items: { type: 'object' }, widget: 'record_patterns' },
    kinds: { title: 'Kinds', type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
    steps: { title: 'Steps', type: 'array', items: { type: 'number', unit: 's' } },
    limits: { title: 'Limits', type: 'object', properties: { size: { title: 'Size', type: 'integer', unit: 'bytes' } } },
    free: { title: 'Free', widget: 'json' },
  },
  $defs: {
    Skewed: { type: 'object', properties: { type: { const: 'skewed' }, p50_s: { type: 'number', unit: 's', title: 'Median' }, p99_s: { type: 'number', unit: 's', title: '99th percentile' } } },
    Fixed: { type: 'object', properties: { type: { const: 'fixed' } } },
  },
}

describe('values in words', () => {
  it.each<[string, unknown, string]>([
    ['work', { type: 'skewed', p50_s: 0.02, p99_s: 0.2 }, 'skewed: median 20 ms, 99th percentile 200 ms'],
    ['work', { type: 'fixed' }, 'fixed'],
    ['work', { type: 'unheard of' }, '{"type":"unheard of"}'],
    ['wait_s', 90, '1 min 30 s'],
    ['wait_s', null, 'none'],
    ['filters', [{ body: { total: [{ numeric: ['>', 5] }] } }], 'body.total > 5'],
    ['filters', [{ body: [{ almost: 1 }] }], '[{"body":[{"almost":1}]}]'],
    ['kinds', [{ name: 'order' }, { name: 'refund' }], 'order, refund'],
    ['kinds', [], 'none'],
    ['steps', [1, 0.5], '1 s, 500 ms'],
    ['limits', { size: 2048 }, 'size 2 KiB'],
    ['free', { a: 1 }, '{"a":1}'],
    ['unknown', true, 'on'],
  ])('says %s %j as %s', (name, value, words) => {
    expect(settingWords(name, value, schema)).toBe(words)
  })

  it('says settings in a line', () => {
    expect(settingsWords({ wait_s: 5, work: { type: 'fixed' } }, schema)).toBe('wait 5 s, work fixed')
  })
})
