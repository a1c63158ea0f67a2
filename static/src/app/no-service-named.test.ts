import { expect, it } from 'vitest'

const served = import.meta.glob('../../../simulator/services/*.py', { query: '?raw', eager: true, import: 'default' }) as Record<string, string>
const sources = import.meta.glob(['../**/*.{ts,tsx,css}', '!../**/*.test.*', '!../api/schema.d.ts'], { query: '?raw', eager: true, import: 'default' }) as Record<string, string>

const kinds = Object.values(served).flatMap((text) => [...text.matchAll(/^ {4}kind = "(\w+)"/gm)].map((match) => match[1]!))

it('finds the kinds of services and the sources of the front end', () => {
  expect(kinds.length).toBeGreaterThanOrEqual(4)
  expect(Object.keys(sources).length).toBeGreaterThan(10)
})

it.each(kinds)('names no service: %s', (kind) => {
  const literal = new RegExp(`(['"\`])${kind}\\1`)
  const naming = Object.entries(sources).filter(([, text]) => literal.test(text)).map(([path]) => path)
  expect(naming).toEqual([])
})
