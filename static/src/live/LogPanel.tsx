import { Text } from '@mantine/core'

import { formatClock } from '../format'
import { useDrawnRevision } from './charts/useDrawnRevision'
import { NodeLink } from './NodeLink'
import { useRun } from './runStore'

const MOST_SHOWN = 300

/** What happened in the run, newest first; when looking back, only what had happened by then. */
export function LogPanel() {
  useDrawnRevision()
  const { log, scrub_s } = useRun.getState()
  const lines = scrub_s === null ? log.log : log.log.filter((line) => line.time_s <= scrub_s)
  if (lines.length === 0) return <Text size="sm" c="dimmed">Nothing has happened yet. A run writes here when something begins, changes or goes wrong.</Text>
  return (
    <>
      <ol className="live-log">
        {lines.slice(-MOST_SHOWN).reverse().map((line, index) => (
          <li key={`${line.time_s} ${lines.length - index}`} data-level={line.level}>
            <time>{formatClock(line.time_s)}</time>
            <span className="live-level">{line.level}</span>
            <span>{line.node !== null && <><NodeLink node={line.node} />: </>}{line.text}</span>
          </li>
        ))}
      </ol>
      {lines.length > MOST_SHOWN && <Text size="xs" c="dimmed">The latest {MOST_SHOWN} of {lines.length} lines.</Text>}
    </>
  )
}
