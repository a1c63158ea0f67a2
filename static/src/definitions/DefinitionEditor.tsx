/** A definition as code, with its problems, beside what it describes; during a run the parts show what is in them. */

import { Button, FileButton, Group, Text } from '@mantine/core'
import { IconUpload } from '@tabler/icons-react'
import { useState } from 'react'

import type { PartCounts } from '../api/types'
import CodeEditor from './CodeEditor'
import { PartGraphView } from './PartGraphView'
import { useChecked } from './useChecked'

interface Props { language: string; value: string; label: string; disabled: boolean; counts: Record<string, PartCounts> | undefined; onApply: (text: string) => void; onClose: () => void }

/** The line on which a part is described: where its name stands as a key. */
export function lineOf(text: string, name: string): number {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  const place = text.split('\n').findIndex((line) => new RegExp(String.raw`^\s*["']?${escaped}["']?\s*:`).test(line) || line.includes(`"${name}":`) || line.includes(`"${name}" :`))
  return place + 1
}

export default function DefinitionEditor({ language, value, label, disabled, counts, onApply, onClose }: Props) {
  const [text, setText] = useState(value)
  const [goTo, setGoTo] = useState<{ line: number; asked: number } | null>(null)
  const { answer, current, fault } = useChecked(language, text)
  const problems = current ? answer?.problems ?? [] : []
  const errors = problems.filter((problem) => problem.severity === 'error').length
  const show = (line: number) => setGoTo((before) => ({ line, asked: (before?.asked ?? 0) + 1 }))
  const upload = (file: File | null) => { if (file) void file.text().then(setText) }
  const status = fault ?? (!current ? 'Checking…' : problems.length === 0 ? 'No problems' : `${errors} ${errors === 1 ? 'error' : 'errors'}, ${problems.length - errors} ${problems.length - errors === 1 ? 'warning' : 'warnings'}`)
  return (
    <div className="definition-editor">
      <div className="definition-code">
        <CodeEditor text={text} problems={problems} disabled={disabled} label={label} onChange={setText} goTo={goTo} />
        <ul className="definition-problems" aria-label="Problems">
          {problems.map((problem) => (
            <li key={`${problem.path} ${problem.message}`}><button type="button" className={`finding-${problem.severity}`} onClick={() => show(problem.line ?? 1)}>
              <span>{problem.severity === 'error' ? '✕' : '!'} {problem.line ? `Line ${problem.line}` : 'Text'}</span><code>{problem.path}</code><span>{problem.message}</span>
            </button></li>
          ))}
        </ul>
      </div>
      <div className="definition-graph">{answer && <PartGraphView graph={answer.graph} counts={counts} label={`What ${label} describes`} onChoose={(name) => show(lineOf(text, name))} />}</div>
      <Group className="definition-foot" justify="space-between">
        <Group gap="sm">
          {!disabled && <FileButton onChange={upload} accept=".json,.yaml,.yml,.asl,application/json,text/yaml">{(props) => <Button {...props} size="xs" variant="default" leftSection={<IconUpload size={14} />}>Upload a file</Button>}</FileButton>}
          <Text size="xs" c="dimmed" role="status">{status}</Text>
        </Group>
        <Group gap="sm">
          <Button size="xs" variant="default" onClick={onClose}>{disabled || text === value ? 'Close' : 'Discard changes'}</Button>
          {!disabled && <Button size="xs" disabled={text === value} onClick={() => { onApply(text); onClose() }}>Apply</Button>}
        </Group>
      </Group>
    </div>
  )
}
