/** Nodes as React Flow draws them. Their size and ports are known beforehand: nothing has to be measured, and what did not change is not drawn again. */

import { Position, type Node, type NodeHandle } from '@xyflow/react'

import type { CSSProperties } from 'react'

import { portsOf } from '../api/catalog'
import type { GraphNode, Port, Service } from '../api/types'
import { anchor, TARGET_HANDLE } from './edges'
import { CARD, type Point } from './graph'

const SIZE = 10

const known = new WeakMap<readonly Port[], NodeHandle[]>()
const UNKNOWN: NodeHandle[] = [handle(TARGET_HANDLE, 'target', Position.Left, [0, CARD.height / 2])]

function handle(id: string, type: NodeHandle['type'], position: Position, [x, y]: Point): NodeHandle {
  return { id, type, position, x: x - SIZE / 2, y: y - SIZE / 2, width: SIZE, height: SIZE }
}

/** The handles on a card with these ports; null: its kind is unknown. */
export function handlesOf(ports: readonly Port[] | null): NodeHandle[] {
  if (!ports) return UNKNOWN
  let found = known.get(ports)
  if (!found) {
    found = ports.filter((port) => port.direction === 'out').map((port) => {
      const { point, side } = anchor(ports, port.name, [0, 0])
      return handle(port.name, 'source', side === 'right' ? Position.Right : Position.Bottom, point)
    })
    if (ports.some((port) => port.direction === 'in')) found.push(...UNKNOWN)
    known.set(ports, found)
  }
  return found
}

interface Drawn { node: Node; source: GraphNode; ports: readonly Port[] | null }

/** Its place for style sheets, too: seen from afar, cards are placed without transforms (styles.css). */
const placeStyle = (x: number, y: number) => ({ '--x': `${x}px`, '--y': `${y}px` }) as CSSProperties

/** Makes the nodes of one canvas, and hands out the same object again where nothing changed. */
export class Cards {
  private drawn = new Map<string, Drawn>()

  of(nodes: readonly GraphNode[], places: Record<string, Point>, selected: ReadonlySet<string>, services: Record<string, Service>): Node[] {
    const before = this.drawn
    this.drawn = new Map()
    return nodes.map((source) => {
      const ports = services[source.kind] ? portsOf(services, source) : null
      const old = before.get(source.id)
      const [x, y] = places[source.id]!
      const picked = selected.has(source.id)
      const same = old && old.source.name === source.name && old.ports === ports && old.node.position.x === x && old.node.position.y === y && old.node.selected === picked
      const node = same ? old.node : this.card(source, services[source.kind], ports, [x, y], picked)
      this.drawn.set(source.id, { node, source, ports })
      return node
    })
  }

  private card(source: GraphNode, service: Service | undefined, ports: readonly Port[] | null, [x, y]: Point, selected: boolean): Node {
    return {
      id: source.id, type: 'card', position: { x, y }, ...CARD, measured: CARD, handles: handlesOf(ports), data: {}, selected, style: placeStyle(x, y),
      ariaLabel: `${source.name || source.id}, ${service?.title ?? source.kind}`,
    }
  }
}

/** The original of a node that is dragged as a copy. */
export function stayingCard(id: string, [x, y]: Point): Node {
  return { id: `staying:${id}`, type: 'staying', position: { x, y }, ...CARD, measured: CARD, handles: [], data: { node: id }, selectable: false, draggable: false, focusable: false }
}
