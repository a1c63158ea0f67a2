/** A list below the caret of what a schema offers there: it opens while one types or on Ctrl-Space; arrows choose, Enter or Tab takes, Escape closes. */

import { Prec, StateEffect, StateField, type EditorState, type Extension } from '@codemirror/state'
import { EditorView, keymap, showTooltip, type Command, type Tooltip } from '@codemirror/view'

import type { Schema } from '../api/types'
import { offersAt, placeIn, type Offer } from './jsonPlace'

interface Open { from: number; offers: Offer[]; chosen: number }

const MOST = 40
const LIST_ID = 'json-offers'

const turn = StateEffect.define<Open | null>()

function offered(state: EditorState, schema: Schema): Open | null {
  const { head, empty } = state.selection.main
  const place = empty ? placeIn(state.doc.toString(), head) : null
  const offers = place ? offersAt(schema, place).slice(0, MOST) : []
  // What is written in full already needs no help.
  if (!place || offers.length === 0 || (offers.length === 1 && offers[0]!.label === place.typed)) return null
  return { from: place.from, offers, chosen: 0 }
}

function take(view: EditorView, { from, offers }: Open, index: number): void {
  const to = view.state.selection.main.head
  const text = view.state.doc.toString()
  const end = text[from] === '"' && text[to] === '"' ? to + 1 : to
  const insert = /^\s*:/.test(text.slice(end)) ? offers[index]!.insert.replace(/: $/, '') : offers[index]!.insert
  view.dispatch({ changes: { from, to: end, insert }, selection: { anchor: from + insert.length }, effects: turn.of(null), userEvent: 'input.complete' })
  view.focus()
}

function listOf(view: EditorView, open: Open): HTMLElement {
  const list = document.createElement('ul')
  list.className = 'json-offers'
  list.id = LIST_ID
  list.setAttribute('role', 'listbox')
  list.setAttribute('aria-label', 'Completions')
  open.offers.forEach((offer, index) => {
    const item = list.appendChild(document.createElement('li'))
    item.id = `${LIST_ID}-${index}`
    item.setAttribute('role', 'option')
    item.setAttribute('aria-selected', String(index === open.chosen))
    item.append(Object.assign(document.createElement('b'), { textContent: offer.label }), Object.assign(document.createElement('span'), { textContent: offer.help }))
    item.addEventListener('mousedown', (event) => { event.preventDefault(); take(view, open, index) })
  })
  return list
}

/** Completion of JSON by a schema. */
export function completion(schema: Schema): Extension {
  const field = StateField.define<Open | null>({
    create: () => null,
    update: (open, change) => {
      for (const effect of change.effects) if (effect.is(turn)) return effect.value
      if (change.docChanged) return change.isUserEvent('input') || (open && change.isUserEvent('delete')) ? offered(change.state, schema) : null
      return change.selection ? null : open
    },
    provide: (at) => [
      showTooltip.compute([at], (state): Tooltip | null => {
        const open = state.field(at)
        return open && { pos: open.from, create: (view) => ({ dom: listOf(view, open), mount: () => document.getElementById(`${LIST_ID}-${open.chosen}`)?.scrollIntoView({ block: 'nearest' }) }) }
      }),
      EditorView.contentAttributes.compute([at], (state): Record<string, string> => {
        const open = state.field(at)
        return { 'aria-autocomplete': 'list', 'aria-haspopup': 'listbox', ...(open && { 'aria-controls': LIST_ID, 'aria-activedescendant': `${LIST_ID}-${open.chosen}` }) }
      }),
    ],
  })
  const step = (by: number): Command => (view) => {
    const open = view.state.field(field)
    if (!open) return false
    view.dispatch({ effects: turn.of({ ...open, chosen: (open.chosen + by + open.offers.length) % open.offers.length }) })
    return true
  }
  const accept: Command = (view) => {
    const open = view.state.field(field)
    if (open) take(view, open, open.chosen)
    return open !== null
  }
  const close: Command = (view) => {
    const open = view.state.field(field)
    if (open) view.dispatch({ effects: turn.of(null) })
    return open !== null
  }
  const ask: Command = (view) => { view.dispatch({ effects: turn.of(offered(view.state, schema)) }); return true }
  return [
    field,
    Prec.highest(keymap.of([{ key: 'ArrowDown', run: step(1) }, { key: 'ArrowUp', run: step(-1) }, { key: 'Enter', run: accept }, { key: 'Tab', run: accept }, { key: 'Escape', run: close }, { key: 'Ctrl-Space', run: ask }])),
    EditorView.domEventHandlers({ blur: (_, view) => { close(view); return false } }),
  ]
}
