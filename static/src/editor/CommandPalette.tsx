/** Every command by name: a search field with a list, of which a screen reader hears what the arrow keys choose. */

import { Highlight, Kbd, UnstyledButton } from '@mantine/core'
import { createSpotlight, Spotlight, useSpotlight } from '@mantine/spotlight'
import { useEffect, useId, useState, type KeyboardEvent } from 'react'

import type { Command } from './commands'
import { backToCanvas, runHere } from './focus'

const [store, palette] = createSpotlight()

let opener: Element | null = null

/** Open the list of commands. */
export function openPalette(): void {
  opener = document.activeElement
  palette.open()
}

/** Give the keyboard back, so that a command finds it where it was and may take it elsewhere. */
function giveBack(): void {
  if (document.activeElement !== document.body && !document.activeElement?.closest('[aria-label="Commands"]')) return
  if (opener !== document.body && (opener instanceof HTMLElement || opener instanceof SVGElement) && opener.isConnected) opener.focus({ preventScroll: true })
  else backToCanvas()
}

export function Keys({ keys }: { keys: string }) {
  return <Kbd size="xs">{keys.replace(/Arrow(?=[A-Z])/, '')}</Kbd>
}

/** The commands that a text names: first those whose title has it, then those of a group that is called so. */
export function commandsNamed(commands: readonly Command[], text: string): Command[] {
  const words = text.trim().toLowerCase()
  const offered = commands.filter((command) => !command.hidden)
  const titled = offered.filter((command) => command.title.toLowerCase().includes(words))
  return [...titled, ...offered.filter((command) => !titled.includes(command) && command.group.toLowerCase().includes(words))]
}

/** No command is chosen until one types or presses an arrow, so that Enter alone does nothing. */
const NONE = -1

// What is typed right after the keys that open it must not be lost, so nothing glides in. Spotlight brings the window and its looks. It tells nobody which of its own actions is chosen, so the list and the choice are kept here.
export function CommandPalette({ commands }: { commands: readonly Command[] }) {
  const { opened } = useSpotlight(store)
  const [text, setText] = useState('')
  const [marked, setMarked] = useState(NONE)
  const id = useId()
  const found = commandsNamed(commands, text)
  const chosen = found[marked]
  const chosenId = chosen && `${id}-${chosen.id}`
  const listed = opened && found.length > 0
  useEffect(() => { if (opened) setMarked(NONE) }, [opened])
  useEffect(() => { if (chosenId) document.getElementById(chosenId)?.scrollIntoView({ block: 'nearest' }) }, [chosenId])
  const take = (command: Command) => { palette.close(); giveBack(); runHere(command) }
  const press = ({ key, nativeEvent }: KeyboardEvent) => {
    if (nativeEvent.isComposing) return
    if (key === 'ArrowDown') setMarked(marked + 1 < found.length ? marked + 1 : 0)
    if (key === 'ArrowUp') setMarked(marked > 0 ? marked - 1 : found.length - 1)
    if (key === 'Enter' && chosen) take(chosen)
  }
  // The list passes on to its scroll area what its type does not know.
  const listbox = { viewportProps: { id: `${id}-list`, role: 'listbox', 'aria-label': 'Commands found' } }
  return (
    <Spotlight.Root store={store} query={text} onQueryChange={(next) => { setText(next); setMarked(next.trim() ? 0 : NONE) }} shortcut={null} transitionProps={{ duration: 0 }} returnFocus={false} onSpotlightClose={giveBack} attributes={{ content: { 'aria-label': 'Commands' } }} scrollable maxHeight={420}>
      <Spotlight.Search
        autoFocus placeholder="What do you want to do?" aria-label="Search commands" role="combobox" aria-autocomplete="list" aria-haspopup="listbox" autoComplete="off"
        aria-expanded={listed} aria-controls={listed ? `${id}-list` : undefined} aria-activedescendant={chosenId} onKeyDown={press}
      />
      {found.length > 0
        ? <Spotlight.ActionsList {...listbox}>{found.map((command) => <Option key={command.id} id={`${id}-${command.id}`} command={command} chosen={command === chosen} text={text} take={take} />)}</Spotlight.ActionsList>
        : <Spotlight.Empty role="status">No such command</Spotlight.Empty>}
    </Spotlight.Root>
  )
}

interface OptionProps { id: string; command: Command; chosen: boolean; text: string; take: (command: Command) => void }

function Option({ id, command, chosen, text, take }: OptionProps) {
  const { action, actionBody, actionLabel, actionDescription, actionSection } = Spotlight.classes
  return (
    <UnstyledButton id={id} className={`${action} command-option`} role="option" aria-selected={chosen} tabIndex={-1} onMouseDown={(event) => event.preventDefault()} onClick={() => take(command)}>
      <span className={actionBody}>
        <Highlight component="span" highlight={text} className={actionLabel!}>{command.title}</Highlight>
        <span className={actionDescription}>{command.group}</span>
      </span>
      {command.keys[0] !== undefined && <span className={actionSection} data-position="right" data-dimmed><Keys keys={command.keys[0]} /></span>}
    </UnstyledButton>
  )
}
