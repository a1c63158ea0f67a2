/** What was lost and what was refused so far, each counted where it happened. Pure. */

import type { Frame, Graph, Service } from '../api/types'

export interface LedgerRow { kind: 'lost' | 'refused' | 'trouble'; node: string; to: string | null; title: string; count: number; unit: string }

/** Losses by cause, refusals by wire, and the counters of trouble that no message needs to be lost for; most first within each. */
export function ledgerOf(now: Frame, graph: Graph | undefined, serviceOf: (node: string) => Service | undefined, titleOf: (node: string, cause: string) => string): LedgerRow[] {
  const nodes = Object.entries(now.nodes)
  const lost = nodes.flatMap(([node, frame]) => Object.entries(frame.losses).map(([cause, count]): LedgerRow => ({ kind: 'lost', node, to: null, title: titleOf(node, cause), count, unit: 'messages' })))
  const refused = (graph?.wires ?? []).flatMap((wire): LedgerRow[] => {
    const count = now.wires[wire.id]?.refused ?? 0
    return [{ kind: 'refused', node: wire.to.node, to: wire.from.node, title: 'Refused', count, unit: 'times' }]
  })
  const trouble = nodes.flatMap(([node, frame]) => (serviceOf(node)?.metrics ?? []).filter(({ type, chart }) => type === 'sum' && chart === 'trouble').map((metric): LedgerRow => ({
    kind: 'trouble', node, to: null, title: metric.title, count: Number(frame.metrics[metric.name] ?? 0), unit: metric.unit,
  })))
  return [lost, refused, trouble].flatMap((rows) => rows.filter(({ count }) => count > 0).sort((one, other) => other.count - one.count))
}
