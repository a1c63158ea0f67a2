/** Which page it is follows from the address. */

import { Button, Text } from '@mantine/core'
import { useEffect } from 'react'

import { useCatalog } from '../api/catalog'
import { ComparePage } from '../compare/ComparePage'
import { EditorPage } from '../editor/EditorPage'
import { Gallery } from '../gallery'
import { Halt } from './Halt'
import { useRoute } from './route'

const ID = '([0-9a-f-]{36})'

export function App() {
  const { loaded, error, load } = useCatalog()
  const pathname = useRoute((state) => state.pathname)
  useEffect(() => { void load() }, [load])
  if (error) return <Halt title="Backwater cannot start" text={error}><Button variant="default" onClick={() => window.location.reload()}>Try again</Button></Halt>
  if (!loaded) return <Text m="xl" c="dimmed" role="status">Loading…</Text>
  const diagram = new RegExp(`^/diagrams/${ID}/$`).exec(pathname)
  if (diagram) return <EditorPage key={diagram[1]} diagramId={diagram[1]!} />
  const run = new RegExp(`^/runs/${ID}/$`).exec(pathname)
  if (run) return <EditorPage runId={run[1]!} />
  if (pathname === '/compare/') return <ComparePage />
  return <Gallery />
}
