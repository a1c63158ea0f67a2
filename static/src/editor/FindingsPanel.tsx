/** Everything wrong with the diagram, as a list whose entries lead to the place. */

import { Text } from '@mantine/core'

import { useSelection } from '../live'
import { useEditor } from './store'

const WORDS = { error: 'Error', warning: 'Warning', note: 'Note' }

export function FindingsPanel() {
  const findings = useEditor((state) => state.findings)
  if (findings.length === 0) return <Text size="sm" c="dimmed">Nothing is wrong with this diagram.</Text>
  const open = (node: string | null, wire: string | null) => {
    if (wire) useEditor.getState().select([], [wire])
    else if (node) useSelection.getState().select(node)
  }
  return (
    <ul className="findings-list">
      {findings.map((finding, index) => (
        <li key={index}>
          <button type="button" onClick={() => open(finding.node, finding.wire)}>
            <strong className={`finding-${finding.severity}`} style={{ minWidth: 60 }}>{WORDS[finding.severity]}</strong>
            <span>{finding.message}{finding.hint && <Text component="span" size="sm" c="dimmed">. {finding.hint}.</Text>}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
