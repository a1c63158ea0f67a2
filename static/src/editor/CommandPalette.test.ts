import { expect, test } from 'vitest'

import { commandsNamed } from './CommandPalette'
import type { Command } from './commands'

const command = (id: string, title: string, group: Command['group'], hidden = false): Command => ({ id, title, group, keys: [], run: () => undefined, hidden })
const commands = [command('view', 'Zoom in', 'View'), command('nudge', 'Move the view', 'Edit', true), command('tidy', 'Tidy the view', 'Arrange'), command('undo', 'Undo', 'Edit')]
const named = (text: string) => commandsNamed(commands, text).map(({ id }) => id)

test('a text names commands by their title first, then by their group; hidden ones never', () => {
  expect(named(' VIEW ')).toEqual(['tidy', 'view'])
  expect(named('undo')).toEqual(['undo'])
  expect(named('')).toEqual(['view', 'tidy', 'undo'])
  expect(named('nothing')).toEqual([])
})
