/** The keys of the commands. */

import { useEffect } from 'react'

import { commandFor, type Command } from './commands'
import { isBesides, runHere } from './focus'

const PRESSED = new Set(['radio', 'checkbox', 'button', 'range', 'file'])

/** Whether keys pressed there are text. */
const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) || (target instanceof HTMLInputElement && !PRESSED.has(target.type)))

/** Whether keys pressed there look for an entry of a menu. */
const inMenu = (target: EventTarget | null) => target instanceof HTMLElement && target.closest('[role="menu"]') !== null

/** Keys call commands wherever they are not text, and outside dialogs. */
export function useShortcuts(commands: readonly Command[]): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (typing(event.target) || inMenu(event.target) || document.querySelector('[role="dialog"]') || (event.key === 'Escape' && isBesides(event.target))) return
      const onControl = event.target instanceof HTMLElement && event.target.closest('button, a, input, [role="slider"], [role="tab"], [role="menuitem"]')
      const command = event.repeat && event.key === ' ' ? undefined : commandFor(commands, event)
      if (!command || (onControl && (event.key.startsWith('Arrow') || event.key === 'Enter' || event.key === ' '))) return
      event.preventDefault()
      runHere(command)
    }
    // Fields keep their keys to themselves, so this one listens before them.
    const pressTyping = (event: KeyboardEvent) => {
      const command = typing(event.target) && !document.querySelector('[role="dialog"]') ? commandFor(commands, event) : undefined
      if (!command?.always) return
      event.preventDefault()
      event.stopPropagation()
      const field = event.target as HTMLElement
      field.blur()
      field.focus({ preventScroll: true })
      command.run()
    }
    window.addEventListener('keydown', press)
    window.addEventListener('keydown', pressTyping, true)
    return () => {
      window.removeEventListener('keydown', press)
      window.removeEventListener('keydown', pressTyping, true)
    }
  }, [commands])
}
