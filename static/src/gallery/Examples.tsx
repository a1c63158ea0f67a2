/** The examples of the start page by topic, and the search among them. */

import { Button, CloseButton, Group, TextInput } from '@mantine/core'
import { IconPlayerPlayFilled, IconSearch } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'

import { useCatalog } from '../api/catalog'
import type { Example, Service } from '../api/types'
import { matching, topicsOf } from './finding'
import { Miniature } from './Miniature'

interface Props { examples: Example[]; busy: boolean; open: (slug: string, run: boolean) => void }

export function Examples({ examples, busy, open }: Props) {
  const services = useCatalog((state) => state.services)
  const [query, setQuery] = useState('')
  const field = useSlash()
  const found = matching(examples, query, (kind) => wordsOf(services[kind]))
  return (
    <section aria-labelledby="examples">
      <div className="gallery-head">
        <h2 id="examples">Examples</h2>
        <TextInput
          ref={field} size="sm" w={320} aria-label="Search the examples" placeholder="Search: retry, order, throttled…" value={query} onChange={(event) => setQuery(event.currentTarget.value)}
          onKeyDown={(event) => { if (event.key === 'Escape') setQuery('') }} leftSection={<IconSearch size={15} />}
          rightSection={query ? <CloseButton size="sm" aria-label="Clear the search" onClick={() => { setQuery(''); field.current?.focus() }} /> : <kbd className="gallery-key" aria-hidden>/</kbd>}
        />
        <span className="gallery-count" role="status">{query ? `${found.length} of ${examples.length}` : ''}</span>
      </div>
      {examples.length > 0 && found.length === 0 && <p className="gallery-none">No example speaks of “{query}”. <Button size="compact-sm" variant="subtle" onClick={() => setQuery('')}>Show all</Button></p>}
      {topicsOf(found).map(({ topic, members }) => (
        <section key={topic} aria-label={topic} className="gallery-topic">
          <h3>{topic}</h3>
          <ul className="gallery-cards">{members.map((example) => <Card key={example.slug} example={example} busy={busy} open={open} />)}</ul>
        </section>
      ))}
    </section>
  )
}

function Card({ example, busy, open }: { example: Example; busy: boolean; open: Props['open'] }) {
  return (
    <li className="gallery-card">
      <Miniature graph={example.graph} />
      <h4>{example.title}</h4>
      <p>{example.summary}</p>
      <p className="gallery-teaches">{example.teaches}</p>
      <Group gap={8} mt="auto">
        <Button size="compact-sm" variant="light" leftSection={<IconPlayerPlayFilled size={12} />} disabled={busy} onClick={() => open(example.slug, true)} aria-label={`Open and run: ${example.title}`}>Open and run</Button>
        <Button size="compact-sm" variant="default" disabled={busy} onClick={() => open(example.slug, false)} aria-label={`Open: ${example.title}`}>Open</Button>
      </Group>
    </li>
  )
}

/** By what a service can be searched for. */
const wordsOf = (service: Service | undefined): string => (service ? `${service.title} ${service.short_title} ${service.neutral_title}` : '')

/** A field that `/` leads to, unless somebody is typing elsewhere. */
function useSlash() {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.target instanceof HTMLElement && event.target.closest('input, textarea, [contenteditable]')) return
      event.preventDefault()
      field.current?.focus()
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [])
  return field
}
