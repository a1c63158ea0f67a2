import { Text } from '@mantine/core'
import type { ReactNode } from 'react'

import type { Report } from '../api/types'
import { useRun } from '../live/runStore'

/** Shows what a report says, or why there is none yet. */
export function ReportGate({ what, children }: { what: string; children: (report: Report) => ReactNode }) {
  const report = useRun((state) => state.report)
  const problem = useRun((state) => state.reportProblem)
  const running = useRun((state) => state.run !== null)
  if (report) return <>{children(report)}</>
  if (problem) return <Text size="sm" className="finding-error" role="alert">{problem}</Text>
  return <Text size="sm" c="dimmed">{running ? `${what} when the run ends. Stop it to see now.` : `${what} when a run has ended. Press Run.`}</Text>
}
