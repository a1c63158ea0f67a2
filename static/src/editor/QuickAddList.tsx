/** A search box with a list, standing on the canvas at the place where the node will be. */

import { useReactFlow } from '@xyflow/react'
import { useEffect, useId, useMemo, useRef, useState } from 'react'

import { useCatalog } from '../api/catalog'
import { Icon, ServiceIcon } from '../app/icons'
import { backToCanvas } from './focus'
import { choicesOf, type Choice } from './quickAdd'
import { useStage, type QuickAdd } from './stage'
import { useEditor } from './store'
import { focusStop } from './walk'

const WIDTH = 260
const HEIGHT = 300

export function QuickAddList() {
  const asked = useStage((state) => state.quickAdd)
  return asked && <List asked={asked} />
}

/** Give the keyboard to a node's card. */
export const focusNode = (id: string) => window.requestAnimationFrame(() => focusStop({ kind: 'node', id }))

function List({ asked }: { asked: QuickAdd }) {
  const { services, order } = useCatalog()
  const graph = useEditor((state) => state.graph)
  const flow = useReactFlow()
  const [text, setText] = useState('')
  const [marked, setMarked] = useState(0)
  const input = useRef<HTMLInputElement>(null)
  const id = useId()
  const choices = useMemo(() => choicesOf(asked, text, services, order, graph), [asked, text, services, order, graph])
  const close = () => useStage.setState({ quickAdd: null })
  const choose = (choice: Choice | undefined) => {
    if (!choice) return
    close()
    const node = choice.choose()
    if (node) focusNode(node)
  }
  useEffect(() => input.current?.focus({ preventScroll: true }), [])
  useEffect(() => { document.getElementById(`${id}-${marked}`)?.scrollIntoView({ block: 'nearest' }) }, [id, marked])
  const box = document.querySelector('.canvas')?.getBoundingClientRect()
  const { x, y } = flow.flowToScreenPosition({ x: asked.at[0], y: asked.at[1] })
  const left = Math.max(8, Math.min((box?.width ?? 800) - WIDTH - 8, x - (box?.left ?? 0)))
  const top = Math.max(8, Math.min((box?.height ?? 600) - HEIGHT - 8, y - (box?.top ?? 0)))
  const name = asked.existing ? 'Wire to' : asked.wirings.length ? 'Add and wire' : 'Add a node'
  return (
    <div className="quick-add" style={{ left, top, width: WIDTH, maxHeight: HEIGHT }} onPointerMove={(event) => event.stopPropagation()} onDoubleClick={(event) => event.stopPropagation()}>
      <input
        ref={input} role="combobox" aria-autocomplete="list" aria-expanded={choices.length > 0} aria-controls={`${id}-list`} aria-activedescendant={choices[marked] ? `${id}-${marked}` : undefined} aria-label={name} placeholder={`${name}…`} value={text} autoComplete="off"
        onChange={(event) => { setText(event.currentTarget.value); setMarked(0) }}
        onBlur={close}
        onKeyDown={(event) => {
          event.stopPropagation()
          const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
          if (step && choices.length) setMarked((marked + step + choices.length) % choices.length)
          if (event.key === 'Enter') choose(choices[marked])
          if (event.key === 'Escape') { close(); backToCanvas() }
          if (step || event.key === 'Enter' || event.key === 'Escape') event.preventDefault()
        }}
      />
      <ul role="listbox" id={`${id}-list`} aria-label={name}>
        {choices.map((choice, index) => (
          // Pressing must not take the keyboard from the search box, which would close the list before the click.
          <li key={choice.key} id={`${id}-${index}`} role="option" aria-selected={index === marked} onPointerDown={(event) => event.preventDefault()} onMouseDown={(event) => event.preventDefault()} onMouseMove={() => setMarked(index)} onClick={() => choose(choice)}>
            {'kind' in choice.icon ? <ServiceIcon kind={choice.icon.kind} size={20} /> : <Icon path={choice.icon.path} letter={choice.title.charAt(0)} size={20} />}
            <span>{choice.title}</span><small>{choice.hint}</small>
          </li>
        ))}
      </ul>
      {choices.length === 0 && <p role="status">Nothing that fits is called so.</p>}
    </div>
  )
}
