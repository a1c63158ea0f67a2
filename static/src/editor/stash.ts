/** What can be undone in each diagram, kept while another one is shown. */

import { history, useEditor } from './store'

type Steps = ReturnType<typeof history.getState>['pastStates']

const stashed = new Map<string, { version: number; past: Steps; future: Steps }>()

/** Keep the steps of the diagram that is shown. */
export function stashHistory(): void {
  const { diagramId, version } = useEditor.getState()
  const { pastStates, futureStates } = history.getState()
  if (diagramId) stashed.set(diagramId, { version, past: pastStates, future: futureStates })
}

/** What was left unsaved is saved now, as this version. */
export function savedAs(diagramId: string, version: number): void {
  const found = stashed.get(diagramId)
  if (found) found.version = version
}

/** Bring the steps back, if the diagram is as it was left: steps of what somebody else changed since would undo their work. */
export function restoreHistory(): void {
  const { diagramId, version } = useEditor.getState()
  const found = diagramId === null ? undefined : stashed.get(diagramId)
  if (found?.version === version) history.setState({ pastStates: found.past, futureStates: found.future })
}
