/** What this browser keeps of diagrams that the server does not have (any more), and the way to save it. */

import { Button, Text } from '@mantine/core'
import { useState } from 'react'

import { ApiError } from '../api/client'
import { formatAgo } from '../format'
import { allKept, discard, saveApart } from './kept'

/** Kept work of one diagram (`of`), or of all but those that can be opened (`except`): they send theirs when they are. */
export function KeptWork({ of, except = new Set() }: { of?: string; except?: ReadonlySet<string> }) {
  const [found, setFound] = useState(allKept)
  const [fault, setFault] = useState<string | null>(null)
  const shown = found.filter(({ id }) => (of === undefined ? !except.has(id) : id === of))
  const save = async (entry: (typeof found)[number]) => {
    try {
      const address = await saveApart(entry.kept.graph, 'kept')
      discard(entry.key)
      window.location.assign(address)
    } catch (error) {
      setFault(error instanceof ApiError ? `${error.message}. ${error.detail.hint}.` : String(error))
    }
  }
  if (shown.length === 0) return null
  return (
    <section aria-label="Kept in this browser">
      <Text size="sm" mt="lg" mb={6}>{of === undefined ? 'This browser keeps changes that could not be saved, of diagrams that are no longer there:' : 'This browser keeps changes to it that could not be saved:'}</Text>
      <ul className="gallery-list">
        {shown.map((entry) => (
          <li key={entry.key}>
            <span className="gallery-trashed"><b>{entry.kept.graph.name || 'Untitled'}</b> <small>{entry.kept.graph.nodes.length} nodes, changed {formatAgo(new Date(entry.kept.at))}</small></span>
            <Button size="compact-xs" variant="default" onClick={() => void save(entry)}>Save as a new diagram</Button>
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => { discard(entry.key); setFound(allKept()) }}>Discard</Button>
          </li>
        ))}
      </ul>
      {fault && <Text size="sm" className="finding-error" role="alert">{fault}</Text>}
    </section>
  )
}
