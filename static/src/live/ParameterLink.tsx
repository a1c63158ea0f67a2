import type { Culprit } from '../api/types'
import { wireSchema } from '../editor/legality'
import { useEditor } from '../editor/store'
import { graphNode, nodeName, serviceOf } from './hooks'
import { useRun } from './runStore'
import { useSelection } from './selection'

/** What to change, as a link that opens it in the inspector: a parameter of a node, or of a wire at it. */
export function ParameterLink({ culprit }: { culprit: Culprit }) {
  const state = useRun.getState()
  const { node, wire, parameter } = culprit
  if (graphNode(state, node) === undefined) return null
  const graph = state.run?.graph
  const laid = graph?.wires.find((one) => one.id === wire)
  const schema = laid && graph ? wireSchema(state.services as Parameters<typeof wireSchema>[0], graph, laid).schema : serviceOf(state, node)?.parameters
  const title = parameter === null ? null : schema?.properties?.[parameter]?.title ?? parameter.replaceAll('_', ' ')
  const owner = laid ? `${nodeName(state, laid.from.node)} → ${nodeName(state, laid.to.node)}` : nodeName(state, node)
  const open = () => {
    if (laid) useEditor.getState().select([], [laid.id])
    else useSelection.getState().select(node)
    window.setTimeout(() => show(title), 120)
  }
  return <button type="button" className="live-link" onClick={open}>{title === null ? owner : `${title} of ${owner}`}</button>
}

/** Bring the field of this title into view in the inspector, its properties opened, and put the cursor there. */
function show(title: string | null): void {
  const inspector = document.querySelector('.panel-right')
  const properties = [...(inspector?.querySelectorAll<HTMLElement>('[role="tab"]') ?? [])].find((tab) => tab.textContent === 'Properties')
  properties?.click()
  if (title === null) return
  window.setTimeout(() => {
    const label = [...(inspector?.querySelectorAll<HTMLElement>('.field-label label, .field-label span') ?? [])].find((one) => one.textContent === title)
    label?.scrollIntoView({ block: 'center' })
    if (label instanceof HTMLLabelElement) label.control?.focus()
  }, 120)
}
