import { useNodeName } from './hooks'
import { useSelection } from './selection'
import { useRun } from './runStore'
import { graphNode } from './hooks'

/** A node's name as a link that selects it on the canvas. */
export function NodeLink({ node }: { node: string }) {
  const name = useNodeName(node)
  const known = useRun((state) => graphNode(state, node) !== undefined)
  if (!known) return <>{name}</>
  return <button type="button" className="live-link" onClick={() => useSelection.getState().select(node)}>{name}</button>
}
