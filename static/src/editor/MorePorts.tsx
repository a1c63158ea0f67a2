/** The ports of a card that has more of them than stand on its border: those that are wired are there, all are in a list that opens. */

import { Handle, Position } from '@xyflow/react'
import { useEffect, useMemo, useRef, useState } from 'react'

import type { Port } from '../api/types'
import { useEditor } from './store'

const SEPARATOR = '\n'

/** The names of the ports of a node from which wires lead. */
export function useWired(id: string): ReadonlySet<string> {
  const names = useEditor((state) => state.graph.wires.filter((wire) => wire.from.node === id).map((wire) => wire.from.port).join(SEPARATOR))
  return useMemo(() => new Set(names.split(SEPARATOR)), [names])
}

/** A button that says how many ports are free, and opens the list of all: a free one is dragged from there. */
export function MorePorts({ id, name, ports, wired }: { id: string; name: string; ports: readonly Port[]; wired: ReadonlySet<string> }) {
  const [open, setOpen] = useState(false)
  const place = useRef<HTMLDivElement>(null)
  const wiring = useEditor((state) => state.wiring?.node === id)
  const wasWiring = useRef(false)
  const listed = useMemo(() => [...ports.filter((port) => !wired.has(port.name)), ...ports.filter((port) => wired.has(port.name))], [ports, wired])
  const free = ports.filter((port) => !wired.has(port.name)).length

  useEffect(() => {
    if (wasWiring.current && !wiring) setOpen(false)
    wasWiring.current = wiring
  }, [wiring])
  useEffect(() => {
    if (!open) return
    const away = (event: Event) => { if (!place.current?.contains(event.target as Node)) setOpen(false) }
    const escape = (event: KeyboardEvent) => { if (event.key === 'Escape') { event.stopPropagation(); setOpen(false) } }
    document.addEventListener('pointerdown', away, true)
    document.addEventListener('keydown', escape, true)
    return () => { document.removeEventListener('pointerdown', away, true); document.removeEventListener('keydown', escape, true) }
  }, [open])

  return (
    <div ref={place} className="card-more-place nodrag nopan">
      <button type="button" className="card-more" aria-expanded={open} aria-label={`Ports of ${name}: ${free} of ${ports.length} free`} title={`${free} of ${ports.length} ports are free`} onClick={() => setOpen(!open)}>
        {free > 0 ? `+${free}` : ports.length}
      </button>
      {open && (
        <ul className="card-ports nowheel" tabIndex={0} aria-label={`Ports of ${name}`}>
          {listed.map((port) => (
            <li key={port.name} data-wired={wired.has(port.name) || undefined} title={port.help}>
              <span>{port.title}</span>
              {wired.has(port.name)
                ? <span className="card-port-wired" aria-label="wired" role="img" />
                : <Handle type="source" id={port.name} position={Position.Right} role="img" title={`${port.title}: ${port.help}`} aria-label={`${name}: ${port.title}`} />}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
