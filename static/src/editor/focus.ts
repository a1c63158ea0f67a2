/** Where the keyboard is: it comes back to the canvas from everywhere, and what is deleted under it leaves it to a neighbour. */

import { useEffect } from 'react'

import type { Command } from './commands'
import { standsFor } from './groupNodes'
import { say } from './said'
import { useEditor } from './store'
import { focusStop, stopAt, stopsOf, type Stop } from './walk'

/** What Escape leaves for the canvas. */
const BESIDES = '.panel, .dock'

/** Controls that take Escape for themselves while their list is open. */
const OPEN_LIST = '[aria-haspopup="listbox"][aria-expanded="true"], [aria-activedescendant], [aria-haspopup="menu"][aria-expanded="true"]'

let last: Stop | null = null

const exists = (stop: Stop) => stopsOf(useEditor.getState().graph).some(({ kind, id }) => kind === stop.kind && id === stop.id)

const focusCanvas = () => document.querySelector<HTMLElement>('.canvas')?.focus({ preventScroll: true })

/** Give the keyboard to what is selected on the canvas, else to what had it last there, else to the canvas itself. */
export function backToCanvas(): void {
  const { nodes, wires } = useEditor.getState().selection
  const selected: Stop[] = [...[...nodes].map((id): Stop => ({ kind: 'node', id })), ...[...wires].map((id): Stop => ({ kind: 'wire', id }))]
  const stop = selected.find((one) => one.id === last?.id) ?? selected[0] ?? last
  if (stop && exists(stop)) focusStop(stop)
  else focusCanvas()
}

/** Whether an element stands in a panel or the dock, which Escape leaves. */
export const isBesides = (element: EventTarget | null): element is HTMLElement => element instanceof HTMLElement && element.closest(BESIDES) !== null

const leave = ({ key, target }: KeyboardEvent) => {
  if (key !== 'Escape' || !isBesides(target) || target.matches(OPEN_LIST) || document.querySelector('[role="dialog"]')) return
  // The field takes back first what was typed into it.
  window.setTimeout(() => { if (document.activeElement === target || document.activeElement === document.body) backToCanvas() })
}

/** Run a command; where nothing is selected, it is for what has the keyboard on the canvas. */
export function runHere(command: Command): void {
  if (command.group === 'Edit' || command.group === 'Arrange' || command.id === 'properties') selectFocused()
  command.run()
}

function selectFocused(): void {
  const { selection, select } = useEditor.getState()
  const stop = stopAt(document.activeElement)
  if (!stop || selection.nodes.size + selection.wires.size > 0) return
  if (stop.kind === 'node') select([stop.id])
  else select([], [stop.id])
}

/** The nearest stop before one that is gone, else the first there is. */
function heir(gone: Stop, before: readonly Stop[]): Stop | null {
  const place = before.findIndex(({ kind, id }) => kind === gone.kind && id === gone.id)
  return before.slice(0, Math.max(0, place)).reverse().find((stop) => stop.kind === 'node' && exists(stop)) ?? stopsOf(useEditor.getState().graph)[0] ?? null
}

const PARTS = ['.topbar', '.panel-left', '.canvas', '.dock', '.panel-right']
const CONTROL = ':is(a[href], button, input, select, textarea, [tabindex]):not([tabindex="-1"], [disabled])'

/** Take the keyboard from one part of the page to the next, or the one before. */
export function goToPart(step: 1 | -1): void {
  const parts = PARTS.flatMap((part) => document.querySelector<HTMLElement>(part) ?? [])
  const here = parts.findIndex((part) => part.contains(document.activeElement))
  const next = parts[here < 0 ? parts.findIndex((part) => part.matches('.canvas')) : (here + step + parts.length) % parts.length]
  if (next?.matches('.canvas')) backToCanvas()
  else [...(next?.querySelectorAll<HTMLElement>(CONTROL) ?? [])].find((control) => control.checkVisibility())?.focus()
}

const kept = new Set<string>()

/** The nodes that stay selected while Tab walks on; what was since selected otherwise is no longer among them. */
export const keptSelected = () => [...kept].filter((id) => useEditor.getState().selection.nodes.has(id))

/** Keep the node that has the keyboard selected while Tab walks on, or no longer. */
export function keepFocused(): void {
  const stop = stopAt(document.activeElement)
  // Whoever came by mouse holds Space to move the view.
  if (stop?.kind !== 'node' || !document.activeElement?.matches(':focus-visible')) return
  const { graph, select } = useEditor.getState()
  const meant = standsFor(graph, stop.id)
  const others = keptSelected().filter((id) => !meant.includes(id))
  const stays = !meant.every((id) => keptSelected().includes(id))
  kept.clear()
  for (const id of stays ? [...others, ...meant] : others) kept.add(id)
  select([...others, ...meant])
  const name = graph.nodes.find(({ id }) => id === stop.id)?.name || stop.id
  say(`${stays ? 'Kept in the selection' : 'No longer kept'}: ${name}. ${kept.size === 1 ? '1 node' : `${kept.size} nodes`} kept`)
}

/** Keeps the keyboard from falling off the page while a diagram is edited. */
export function useKeptFocus(): void {
  useEffect(() => {
    const note = ({ target }: FocusEvent) => { last = stopAt(target as Element) ?? last }
    const forget = useEditor.subscribe((state, before) => {
      const here = stopAt(document.activeElement)
      if (state.graph === before.graph || !here || exists(here)) return
      const next = heir(here, stopsOf(before.graph))
      window.requestAnimationFrame(() => {
        if (document.activeElement !== document.body) return
        if (next) focusStop(next)
        else focusCanvas()
      })
    })
    window.addEventListener('focusin', note)
    window.addEventListener('keydown', leave, true)
    return () => {
      last = null
      forget()
      window.removeEventListener('focusin', note)
      window.removeEventListener('keydown', leave, true)
    }
  }, [])
}
