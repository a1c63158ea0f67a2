/** Which page it is follows from the address. */

import { Button, Stack, Text } from '@mantine/core'
import { useEffect } from 'react'

import { useCatalog } from '../api/catalog'
import { EditorPage } from '../editor/EditorPage'
import { Gallery } from '../gallery'

const ID = '([0-9a-f-]{36})'

export function App() {
  const { loaded, error, load } = useCatalog()
  useEffect(() => { void load() }, [load])
  if (error) return <Stack m="xl" align="flex-start"><Text fw={650} size="lg">Backwater cannot start</Text><Text>{error}</Text><Button variant="default" onClick={() => window.location.reload()}>Try again</Button></Stack>
  if (!loaded) return <Text m="xl" c="dimmed" role="status">Loading…</Text>
  const { pathname } = window.location
  const diagram = new RegExp(`^/diagrams/${ID}/$`).exec(pathname)
  if (diagram) return <EditorPage diagramId={diagram[1]!} />
  const run = new RegExp(`^/runs/${ID}/$`).exec(pathname)
  if (run) return <EditorPage runId={run[1]!} />
  return <Gallery />
}
