/** Starting a run of the diagram being edited. */

import { remember } from '../app/remember'
import { useEditor } from '../editor/store'
import { saveNow } from '../editor/autosave'
import { isOver } from './runSocket'
import { useRun } from './runStore'

/** How fast a run goes when the user has not said: simulated seconds a wall second. */
export const SPEEDS: readonly { label: string; value: number | null }[] = [
  { label: '1×', value: 1 }, { label: '10×', value: 10 }, { label: '60×', value: 60 }, { label: '300×', value: 300 }, { label: 'Max', value: null },
]
const SPEED_KEY = 'backwater.speed'
const USUAL_SPEED = 10

export function rememberedSpeed(): number | null {
  const kept = localStorage.getItem(SPEED_KEY)
  if (kept === 'max') return null
  return SPEEDS.some(({ value }) => value === Number(kept)) ? Number(kept) : USUAL_SPEED
}

export function rememberSpeed(speed: number | null): void {
  remember(SPEED_KEY, speed === null ? 'max' : String(speed))
}

/** Why the diagram cannot be run now, or null if it can. */
export function useRunBlocked(): string | null {
  // Findings of an earlier graph say nothing of this one; the server checks it before it runs.
  const errors = useEditor((state) => (state.checked === state.graph ? state.findings.filter((finding) => finding.severity === 'error').length : 0))
  const empty = useEditor((state) => state.graph.nodes.length === 0)
  const readOnly = useEditor((state) => state.readOnly)
  const diagram = useEditor((state) => state.diagramId)
  const running = useRun((state) => state.run !== null && !isOver(state.run) && state.run.diagram === diagram)
  if (readOnly) return 'This is someone’s run to watch; open a diagram of your own to run it.'
  if (running) return 'A run is going on; stop it before starting another.'
  if (empty) return 'There is nothing to run yet: drag a service from the left.'
  if (errors > 0) return `${errors === 1 ? 'One error keeps' : `${errors} errors keep`} the diagram from running; see Findings.`
  return null
}

/** Save the diagram, start a run of it and watch it; the address names the run, so that a reload finds it again. */
export async function startRun(): Promise<void> {
  if (!(await saveNow())) {
    useRun.setState({ complaint: 'The diagram could not be saved, so it was not run. Solve that first; nothing is lost.' })
    return
  }
  const diagram = useEditor.getState().diagramId
  if (!diagram) return
  const run = await useRun.getState().start({ diagram, speed: rememberedSpeed() })
  if (!run) return
  const address = new URL(window.location.href)
  address.searchParams.set('run', run.id)
  window.history.replaceState(window.history.state, '', address)
}
