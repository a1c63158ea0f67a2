import { describe, expect, it } from 'vitest'

import { linkToMoment, momentOf } from './moment'

describe('links to a moment', () => {
  it('reads what it wrote', () => {
    const link = linkToMoment({ id: 'a', view_url: '/runs/a/?key=k%2B1' }, 12.5, undefined, 'http://host/diagrams/b/?run=a')
    expect(link).toBe('http://host/runs/a/?key=k%2B1&t=12.5')
    expect(momentOf(new URL(link).search)).toEqual({ at_s: 12.5, problem: null })
  })

  it('passes on the key of a viewer, who is told no link', () => {
    expect(linkToMoment({ id: 'a', view_url: null }, 0, 'k+1', 'http://host/runs/a/?key=k%2B1&t=3')).toBe('http://host/runs/a/?key=k%2B1&t=0')
  })

  it('asks for nothing where nothing is asked', () => {
    expect(momentOf('?run=a')).toEqual({ at_s: null, problem: null })
  })

  it.each(['', 'soon', '-1', 'Infinity'])('names the moment %j, which is none', (text) => {
    const { at_s, problem } = momentOf(`?t=${text}`)
    expect(at_s).toBeNull()
    expect(problem).toContain(`“${text}”`)
  })
})
