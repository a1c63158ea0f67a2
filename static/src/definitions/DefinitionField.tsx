/** A parameter that holds a definition in some language: a summary in the form, and an editor of its own. */

import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { IconCode } from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'

import type { PartCounts } from '../api/types'
import { useEditor } from '../editor/store'
import type { InputProps } from '../forms/fields'
import { useRun } from '../live/runStore'
import './definitions.css'
import { useChecked } from './useChecked'

// The code editor is large, and most visits never open one.
const DefinitionEditor = lazy(() => import('./DefinitionEditor'))

export function DefinitionField({ id, label, field, value, onChange, disabled }: InputProps) {
  const [open, setOpen] = useState(false)
  const text = typeof value === 'string' ? value : ''
  const language = field.schema.language ?? ''
  const node = useEditor((state) => (state.selection.nodes.size === 1 ? [...state.selection.nodes][0]! : null))
  const counts = useRun((state) => (node ? state.shown?.nodes[node]?.parts as Record<string, PartCounts> | undefined : undefined))
  const { answer } = useChecked(language, text)
  const parts = answer?.graph.nodes.length ?? 0
  return (
    <Stack gap={6}>
      <Text size="xs" c="dimmed">{parts} {parts === 1 ? 'part' : 'parts'}{answer?.problems.length ? `, ${answer.problems.length} ${answer.problems.length === 1 ? 'problem' : 'problems'}` : ''}</Text>
      <pre className="definition-preview" aria-hidden="true">{text.split('\n').slice(0, 7).join('\n')}</pre>
      <Group gap={6}><Button id={id} size="compact-xs" variant="default" leftSection={<IconCode size={13} />} onClick={() => setOpen(true)}>{disabled ? 'View' : 'Edit'} {label.toLowerCase()}</Button></Group>
      <Modal opened={open} onClose={() => setOpen(false)} title={label} size="min(1400px, 94vw)" closeOnClickOutside={false} classNames={{ body: 'definition-body' }} overlayProps={{ backgroundOpacity: 0.4 }}>
        <Suspense fallback={<Text size="sm" c="dimmed" p="md" role="status">Loading the editor…</Text>}>
          <div onKeyDown={(event) => event.stopPropagation()}>
            <DefinitionEditor language={language} value={text} label={label} disabled={disabled} counts={counts} onApply={onChange} onClose={() => setOpen(false)} />
          </div>
        </Suspense>
      </Modal>
    </Stack>
  )
}
