/** The order in which messages flow through a diagram. */

import type { Graph } from '../api/types'

/** Ids of all nodes, each before those it sends to (loops aside), what belongs together next to each other. */
export function flowOrder(graph: Graph): string[] {
  const next = new Map<string, string[]>(graph.nodes.map((node) => [node.id, []]))
  const entered = new Set<string>()
  for (const wire of graph.wires) {
    next.get(wire.from.node)?.push(wire.to.node)
    if (wire.from.node !== wire.to.node) entered.add(wire.to.node)
  }
  const order: string[] = []
  const seen = new Set<string>()
  const visit = (start: string) => {
    if (seen.has(start) || !next.has(start)) return
    seen.add(start)
    const path = [{ id: start, left: [...next.get(start)!] }]
    while (path.length) {
      const last = path[path.length - 1]!
      // The last wire is followed first: the whole order is turned round in the end.
      const goal = last.left.pop()
      if (goal === undefined) {
        order.push(last.id)
        path.pop()
      } else if (!seen.has(goal) && next.has(goal)) {
        seen.add(goal)
        path.push({ id: goal, left: [...next.get(goal)!] })
      }
    }
  }
  const ids = graph.nodes.map((node) => node.id).reverse()
  const loops = ids.filter((id) => entered.has(id))
  // Sources last, so that they come first; what no source reaches, a loop alone, stands at the end.
  const reached = reachable(next, ids.filter((id) => !entered.has(id)))
  loops.filter((id) => !reached.has(id)).forEach(visit)
  ids.filter((id) => !entered.has(id)).forEach(visit)
  return order.reverse()
}

function reachable(next: Map<string, string[]>, starts: string[]): Set<string> {
  const found = new Set(starts)
  for (const id of found) next.get(id)?.forEach((goal) => found.add(goal))
  return found
}
