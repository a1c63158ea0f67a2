/** Places of the parts of a definition: from top to bottom, what stands in a branch or loop inside of what holds it. */

import type { ElkNode } from 'elkjs/lib/elk-api'

import type { PartGraph } from '../api/types'

export interface Box { name: string; type: string; x: number; y: number; width: number; height: number; holds: boolean; start: boolean; end: boolean }
export interface Way { key: string; points: [number, number][]; kind: PartGraph['edges'][number]['kind'] }
export interface Drawn { width: number; height: number; boxes: Box[]; groups: { x: number; y: number; width: number; height: number }[]; ways: Way[] }

const PART_HEIGHT = 44
const [NARROWEST, WIDEST, PER_LETTER] = [124, 250, 7.9]
const OPTIONS = {
  'elk.algorithm': 'layered', 'elk.direction': 'DOWN', 'elk.layered.spacing.nodeNodeBetweenLayers': '34', 'elk.spacing.nodeNode': '28', 'elk.edgeRouting': 'ORTHOGONAL',
  'elk.separateConnectedComponents': 'false',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES', 'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER', 'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
}

const holderOf = (group: string) => group.replace(/\[\d*\]$/, '')

/** The graph as ELK reads it: each group a box in the part that holds it, with its own edges. */
export function nested(graph: PartGraph): ElkNode {
  const groupOf = new Map(graph.nodes.map((node) => [node.name, node.group]))
  const scope = (group: string): Pick<ElkNode, 'children' | 'edges'> => ({
    children: graph.nodes.filter((node) => node.group === group).map((node): ElkNode => {
      const inner = [...new Set(graph.nodes.map((other) => other.group))].filter((other) => other !== '' && holderOf(other) === node.name)
      const width = Math.min(WIDEST, Math.max(NARROWEST, node.name.length * PER_LETTER + 24))
      if (inner.length === 0) return { id: node.name, width, height: PART_HEIGHT }
      return {
        id: node.name, layoutOptions: { ...OPTIONS, 'elk.padding': '[top=48,left=12,bottom=12,right=12]', 'elk.nodeSize.constraints': 'MINIMUM_SIZE', 'elk.nodeSize.minimum': `(${width},${PART_HEIGHT})` },
        children: inner.map((one) => ({ id: `group ${one}`, layoutOptions: { ...OPTIONS, 'elk.padding': '[top=12,left=12,bottom=12,right=12]' }, ...scope(one) })),
      }
    }),
    edges: graph.edges.filter((edge) => groupOf.get(edge.from) === group && edge.from !== edge.to).map((edge) => ({ id: `${edge.from} ${edge.kind} ${edge.to}`, sources: [edge.from], targets: [edge.to] })),
  })
  return { id: 'definition', layoutOptions: { ...OPTIONS, 'elk.padding': '[top=12,left=12,bottom=12,right=12]' }, ...scope('') }
}

/** Everything at its place on one sheet. */
function flattened(laid: ElkNode, graph: PartGraph): Drawn {
  const drawn: Drawn = { width: laid.width ?? 0, height: laid.height ?? 0, boxes: [], groups: [], ways: [] }
  const parts = new Map(graph.nodes.map((node) => [node.name, node]))
  const kinds = new Map(graph.edges.map((edge) => [`${edge.from} ${edge.kind} ${edge.to}`, edge.kind]))
  const walk = (node: ElkNode, x: number, y: number) => {
    for (const edge of node.edges ?? []) {
      for (const section of edge.sections ?? []) {
        const points = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint].map((point): [number, number] => [x + point.x, y + point.y])
        drawn.ways.push({ key: edge.id, points, kind: kinds.get(edge.id) ?? 'next' })
      }
    }
    for (const child of node.children ?? []) {
      const place = { x: x + (child.x ?? 0), y: y + (child.y ?? 0), width: child.width ?? 0, height: child.height ?? 0 }
      const part = parts.get(child.id)
      if (part) drawn.boxes.push({ ...place, name: part.name, type: part.type, holds: (child.children?.length ?? 0) > 0, start: part.start, end: part.end })
      else drawn.groups.push(place)
      walk(child, place.x, place.y)
    }
  }
  walk(laid, 0, 0)
  return drawn
}

/** Lay a graph out; ELK is loaded when the first one is drawn. */
export async function laidOut(graph: PartGraph): Promise<Drawn> {
  if (graph.nodes.length === 0) return { width: 0, height: 0, boxes: [], groups: [], ways: [] }
  const { default: ELK } = await import('elkjs/lib/elk.bundled.js')
  return flattened(await new ELK().layout(nested(graph)), graph)
}
