/** The versions of a diagram: names for some, what differs between any two, and the way back. */

import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core'
import { useCallback, useEffect, useState } from 'react'

import { api, ApiError } from '../api/client'
import type { Graph, VersionListed } from '../api/types'
import { formatAgo } from '../format'
import { saveNow } from './autosave'
import { DiffView } from './DiffView'
import { useStage } from './stage'
import { useEditor } from './store'

const NOW = 'now'

export function HistoryDialog() {
  const opened = useStage((state) => state.dialog === 'history')
  const close = () => useStage.setState({ dialog: null })
  return <Modal opened={opened} onClose={close} title="Version history" size="xl">{opened && <Versions close={close} />}</Modal>
}

const sentence = (error: unknown) => (error instanceof ApiError ? `${error.message}. ${error.detail.hint}.` : String(error))

function Versions({ close }: { close: () => void }) {
  const id = useEditor((state) => state.diagramId)
  const current = useEditor((state) => state.graph)
  const [versions, setVersions] = useState<VersionListed[] | null>(null)
  const [chosen, setChosen] = useState<number | null>(null)
  const [against, setAgainst] = useState(NOW)
  const [graphs, setGraphs] = useState<Record<string, Graph>>({})
  const [fault, setFault] = useState<string | null>(null)

  useEffect(() => {
    if (!id) return
    void saveNow().then(() => api.versions(id)).then((found) => { setVersions(found); setChosen(found[1]?.number ?? found[0]?.number ?? null) }, (error: unknown) => setFault(sentence(error)))
  }, [id])
  const fetchGraph = useCallback((number: string) => {
    if (id && number !== NOW && !graphs[number]) void api.version(id, Number(number)).then(({ graph }) => setGraphs((before) => ({ ...before, [number]: graph })), (error: unknown) => setFault(sentence(error)))
  }, [id, graphs])
  useEffect(() => { if (chosen !== null) fetchGraph(String(chosen)) }, [chosen, fetchGraph])
  useEffect(() => fetchGraph(against), [against, fetchGraph])

  if (!id || !versions) return <Text size="sm" c="dimmed" role="status">{fault ?? 'Loading…'}</Text>
  const name = async (number: number, text: string) => {
    try {
      const named = await api.nameVersion(id, number, text)
      setVersions(versions.map((version) => (version.number === number ? named : version)))
      setFault(null)
    } catch (error) {
      setFault(sentence(error))
    }
  }
  const graph = chosen === null ? undefined : graphs[String(chosen)]
  const other = against === NOW ? current : graphs[against]
  const titleOf = (version: VersionListed) => `Version ${version.number}${version.name ? `: ${version.name}` : ''}`
  const restore = () => {
    if (!graph) return
    useEditor.getState().change(graph)
    close()
  }
  return (
    <div className="history">
      <ul className="history-list" aria-label="Versions">
        {versions.map((version) => (
          <li key={version.number}>
            <button type="button" aria-pressed={version.number === chosen} onClick={() => setChosen(version.number)}><b>{version.name || `Version ${version.number}`}</b><small>{version.name ? `version ${version.number}, ` : ''}{formatAgo(version.created_at)}</small></button>
          </li>
        ))}
      </ul>
      <Stack gap={12}>
        {fault && <Text size="sm" className="finding-error" role="alert">{fault}</Text>}
        {chosen !== null && (
          <>
            <Group align="end" gap={8}>
              <VersionName key={chosen} version={versions.find((version) => version.number === chosen)!} keep={(text) => void name(chosen, text)} />
              <Select size="xs" label="Compare with" data={[{ value: NOW, label: 'the diagram as it is now' }, ...versions.filter((version) => version.number !== chosen).map((version) => ({ value: String(version.number), label: titleOf(version) }))]} value={against} onChange={(next) => setAgainst(next ?? NOW)} allowDeselect={false} comboboxProps={{ withinPortal: true }} />
              <Button size="xs" variant="default" disabled={!graph} onClick={restore}>Restore version {chosen}</Button>
            </Group>
            {graph && other ? <DiffView before={graph} after={other} words={[`version ${chosen}`, against === NOW ? 'now' : `version ${against}`]} /> : <Text size="sm" c="dimmed" role="status">Loading…</Text>}
          </>
        )}
      </Stack>
    </div>
  )
}

function VersionName({ version, keep }: { version: VersionListed; keep: (text: string) => void }) {
  const [text, setText] = useState(version.name)
  const done = () => { if (text.trim() !== version.name) keep(text.trim()) }
  return <TextInput size="xs" label="Name of this version" placeholder="none" value={text} maxLength={200} onChange={(event) => setText(event.currentTarget.value)} onBlur={done} onKeyDown={(event) => { event.stopPropagation(); if (event.key === 'Enter') done() }} />
}
