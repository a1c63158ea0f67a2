/** How saving stands, in words, and what to choose where it cannot go on by itself. */

import { Button, Group, Modal, Stack, Text, Tooltip } from '@mantine/core'
import { useEffect, useState } from 'react'

import { ApiError } from '../api/client'
import { counted } from '../format'
import { goApart, resolveConflict } from './autosave'
import { downloadJson } from './commands'
import { DiffView } from './DiffView'
import { say } from './said'
import { useEditor } from './store'

const SAVE_WORDS = { saved: 'Saved', unsaved: 'Not saved yet', saving: 'Saving…', offline: 'Offline: kept here', unkept: 'Not saved, not kept', refused: 'Not saved', gone: 'Not saved', conflict: 'Changed elsewhere' }

const TROUBLES = new Set(['offline', 'unkept', 'refused', 'gone'])

export function SaveState() {
  const { save, saveMessage, version, readOnly } = useEditor()
  const text = save === 'saved' ? `Saved · v${version}` : SAVE_WORDS[save]
  // Each change is saved, and told of; only trouble with it, and its end, is worth hearing.
  const troubled = TROUBLES.has(save)
  const [wasTroubled, setTroubled] = useState(false)
  useEffect(() => {
    if (troubled && !wasTroubled) say(`${SAVE_WORDS[save]}. ${saveMessage}`)
    if (save === 'saved' && wasTroubled) say('Saved again')
    if (troubled || save === 'saved') setTroubled(troubled)
  }, [troubled, wasTroubled, save, saveMessage])
  if (readOnly) return <span className="save-state">Read only</span>
  return <Tooltip label={saveMessage || (save === 'saved' ? 'The server has all changes' : 'Changes are kept in this browser until the server has them')}><span className="save-state" data-state={save}>{text}</span></Tooltip>
}

/** Tries something, and says why it failed. */
function useTry(): [string | null, (work: Promise<void>) => void] {
  const [fault, setFault] = useState<string | null>(null)
  return [fault, (work) => { setFault(null); void work.catch((error: unknown) => setFault(error instanceof ApiError ? error.message : String(error))) }]
}

export function ConflictDialog() {
  const { save, conflict, graph } = useEditor()
  const [fault, attempt] = useTry()
  if (save !== 'conflict' || !conflict) return null
  return (
    <Modal opened onClose={() => undefined} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} size="lg" title="This diagram was changed elsewhere">
      <Stack>
        <Text size="sm">The server has version {conflict.version} with {counted(conflict.graph.nodes.length, 'node')} and {counted(conflict.graph.wires.length, 'wire')}, saved in another tab or by another person. Yours has {counted(graph.nodes.length, 'node')} and {counted(graph.wires.length, 'wire')}. Choose which goes on. Nothing is lost: theirs stays in the version history, and after taking theirs, Undo brings back yours.</Text>
        <Text size="sm" fw={600}>From theirs to yours:</Text>
        <DiffView before={conflict.graph} after={graph} words={['theirs', 'yours']} />
        {fault && <Text size="sm" className="finding-error" role="alert">{fault}</Text>}
        <Group><Button onClick={() => attempt(resolveConflict('copy'))}>Save mine as a copy</Button><Button variant="default" onClick={() => attempt(resolveConflict('mine'))}>Keep mine</Button><Button variant="default" onClick={() => attempt(resolveConflict('theirs'))}>Take theirs</Button></Group>
      </Stack>
    </Modal>
  )
}

/** The diagram went away while it was edited: into the trash, or with the session that it belongs to. */
export function GoneDialog() {
  const { save, graph } = useEditor()
  const [fault, attempt] = useTry()
  return (
    <Modal opened={save === 'gone'} onClose={() => useEditor.getState().setSave('refused', 'The diagram is not there any more. Kept in this browser.')} size="md" title="This diagram is no longer there">
      <Stack>
        <Text size="sm">It was deleted in another tab, or this browser is a new visitor to the server now. What you see is not lost: save it as a new diagram, or restore the old one from the trash of the start page and change something here to save it again.</Text>
        {fault && <Text size="sm" className="finding-error" role="alert">{fault}</Text>}
        <Group><Button onClick={() => attempt(goApart(graph, 'kept'))}>Save as a new diagram</Button><Button variant="default" onClick={downloadJson}>Download as JSON</Button></Group>
      </Stack>
    </Modal>
  )
}
