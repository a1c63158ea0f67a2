/** What is in each part of a node now: the graph of its definition with counts. */

import type { PartCounts } from '../api/types'
import { useRun } from '../live/runStore'
import type { GraphNode, NodeFrame, Service } from '../live/shapes'
import './definitions.css'
import { PartGraphView } from './PartGraphView'
import { useChecked } from './useChecked'

/** The parameter of a service that holds a definition, if there is one, and its language. */
export function definitionOf(service: Service | undefined): { name: string; language: string; standard: string } | null {
  const found = Object.entries(service?.parameters.properties ?? {}).find(([, property]) => property.widget === 'definition')
  return found ? { name: found[0], language: found[1].language ?? '', standard: String(found[1].default ?? '') } : null
}

export function LiveParts({ nodeId, frame }: { nodeId: string; frame: NodeFrame }) {
  const node = useRun((state) => state.run?.graph?.nodes.find((found: GraphNode) => found.id === nodeId))
  const service = useRun((state) => (node ? state.services[node.kind] : undefined))
  const definition = definitionOf(service)
  if (!frame.parts || !definition || !node) return null
  const own = node.parameters[definition.name]
  return (
    <section>
      <h3 className="live-heading">Inside now</h3>
      <Drawn language={definition.language} text={typeof own === 'string' ? own : definition.standard} frame={frame} name={node.name} />
    </section>
  )
}

function Drawn({ language, text, frame, name }: { language: string; text: string; frame: NodeFrame; name: string }) {
  const { answer } = useChecked(language, text)
  return answer ? <PartGraphView graph={answer.graph} counts={frame.parts as Record<string, PartCounts> | undefined} label={`What is inside ${name} now`} /> : null
}
