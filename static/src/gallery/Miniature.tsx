import { ServiceIcon } from '../app/icons'
import type { Graph } from '../api/types'
import { CARD, positionOf } from '../editor/graph'

const WIDTH = 236
const HEIGHT = 92
const ICON = 20

/** A diagram in small: its icons where its nodes are, and its wires between them. */
export function Miniature({ graph }: { graph: Graph }) {
  const places = graph.nodes.map((node) => ({ node, at: positionOf(graph, node.id) }))
  const [left, top] = [Math.min(...places.map(({ at }) => at[0])), Math.min(...places.map(({ at }) => at[1]))]
  const [wide, high] = [Math.max(...places.map(({ at }) => at[0])) - left, Math.max(...places.map(({ at }) => at[1])) - top]
  // The icons keep their size, so the two directions shrink apart: rows would overlap else.
  const [across, down] = [Math.min((WIDTH - 3 * ICON) / Math.max(wide, CARD.width), 0.3), Math.min((HEIGHT - ICON) / Math.max(high, CARD.height), 0.42)]
  const shift = [(WIDTH - wide * across) / 2, (HEIGHT - high * down) / 2] as const
  const centre = (id: string): [number, number] => {
    const found = places.find(({ node }) => node.id === id)
    return found ? [(found.at[0] - left) * across + shift[0], (found.at[1] - top) * down + shift[1]] : [0, 0]
  }
  return (
    <div className="miniature" style={{ width: WIDTH, height: HEIGHT }} aria-hidden="true">
      <svg width={WIDTH} height={HEIGHT}>
        {graph.wires.map((wire) => {
          const [from, to] = [centre(wire.from.node), centre(wire.to.node)]
          return <line key={wire.id} x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} stroke="var(--grey)" strokeWidth="1.2" />
        })}
      </svg>
      {places.map(({ node }) => {
        const [x, y] = centre(node.id)
        return <span key={node.id} style={{ left: x - ICON / 2, top: y - ICON / 2 }}><ServiceIcon kind={node.kind} size={ICON} /></span>
      })}
    </div>
  )
}
