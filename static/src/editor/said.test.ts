import { expect, test } from 'vitest'

import { say, useSaid } from './said'

test('a sentence is said again later, but not for every repeat of a key that is held', () => {
  const said = () => useSaid.getState().number
  say('Moved a node', 10_000)
  const first = said()
  say('Moved a node', 10_900)
  say('Moved a node', 11_800)
  expect(said()).toBe(first)
  say('Moved a node', 12_900)
  expect(said()).toBe(first + 1)
  say('', 13_000)
  say('Added queue', 13_001)
  expect([said(), useSaid.getState().text]).toEqual([first + 2, 'Added queue'])
})
