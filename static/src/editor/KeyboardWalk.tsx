/** Around the canvas: makes Tab follow the flow of messages instead of the order in which nodes were placed. */

import { useReactFlow } from '@xyflow/react'
import { useReducedMotion } from '@mantine/hooks'
import { useRef, type FocusEvent, type KeyboardEvent, type ReactNode } from 'react'

import { keptSelected } from './focus'
import { useEditor } from './store'
import { goTo, neighbour, stopAt, stopsOf } from './walk'

const GLIDE_MS = 200

/** Stands after all cards and before the buttons of the canvas: from here Tab goes on. */
export const WalkEnd = () => <span className="walk-end" tabIndex={-1} />

export function KeyboardWalk({ children }: { children: ReactNode }) {
  const flow = useReactFlow()
  const reduced = useReducedMotion()
  const start = useRef<HTMLSpanElement>(null)
  const tabbed = useRef<'forwards' | 'backwards' | null>(null)
  const duration = reduced ? 0 : GLIDE_MS

  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Tab') return
    const here = stopAt(event.target as Element)
    if (!here) return
    const next = neighbour(useEditor.getState().graph, here, event.shiftKey)
    // Past the ends, the page goes on from a place before or after all cards.
    if (!next) {
      const edge = event.shiftKey ? start.current : document.querySelector<HTMLElement>('.walk-end')
      edge?.focus({ preventScroll: true })
      return
    }
    event.preventDefault()
    goTo(next, flow, duration, keptSelected())
  }

  const arrive = (event: FocusEvent) => {
    const from = event.relatedTarget as Element | null
    const direction = tabbed.current
    tabbed.current = null
    if (!direction || !stopAt(event.target) || stopAt(from)) return
    const stops = stopsOf(useEditor.getState().graph)
    const stop = direction === 'forwards' ? stops[0] : stops[stops.length - 1]
    if (stop) goTo(stop, flow, duration)
  }

  const watch = (element: HTMLDivElement | null) => {
    if (!element) return undefined
    const note = (event: globalThis.KeyboardEvent) => { tabbed.current = event.key === 'Tab' ? (event.shiftKey ? 'backwards' : 'forwards') : null }
    window.addEventListener('keydown', note, true)
    const forget = () => { tabbed.current = null }
    window.addEventListener('pointerdown', forget, true)
    return () => {
      window.removeEventListener('keydown', note, true)
      window.removeEventListener('pointerdown', forget, true)
    }
  }

  return (
    <div className="keyboard-walk" ref={watch} onKeyDown={press} onFocus={arrive}>
      <span ref={start} tabIndex={-1} />
      {children}
    </div>
  )
}
