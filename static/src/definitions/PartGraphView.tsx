/** The parts of a definition, drawn; during a run each says how much is inside, and what went wrong. */

import { Text } from '@mantine/core'
import { useEffect, useState, type CSSProperties } from 'react'

import type { PartCounts, PartGraph } from '../api/types'
import { formatQuantity } from '../format'
import { laidOut, type Drawn, type Way } from './layout'

interface Props { graph: PartGraph; counts?: Record<string, PartCounts> | undefined; onChoose?: ((name: string) => void) | undefined; label: string }

export function PartGraphView({ graph, counts, onChoose, label }: Props) {
  const [drawn, setDrawn] = useState<Drawn | null>(null)
  const [fault, setFault] = useState(false)
  useEffect(() => {
    let wanted = true
    laidOut(graph).then((found) => { if (wanted) { setDrawn(found); setFault(false) } }, () => { if (wanted) setFault(true) })
    return () => { wanted = false }
  }, [graph])
  if (fault) return <Text size="sm" c="dimmed" p="md">This cannot be drawn.</Text>
  if (!drawn) return <Text size="sm" c="dimmed" p="md" role="status">Drawing…</Text>
  if (drawn.boxes.length === 0) return <Text size="sm" c="dimmed" p="md">There is nothing to draw yet.</Text>
  return (
    <svg className="parts" viewBox={`0 0 ${drawn.width} ${drawn.height}`} style={{ maxWidth: drawn.width, '--drawn': `${drawn.width}px` } as CSSProperties} role="group" aria-label={label}>
      <defs><marker id="part-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" className="part-arrow" /></marker></defs>
      {drawn.boxes.filter((box) => box.holds).map((box) => <rect key={box.name} className="part-frame" x={box.x} y={box.y} width={box.width} height={box.height} rx="6" />)}
      {drawn.groups.map((group) => <rect key={`${group.x} ${group.y}`} className="part-group" x={group.x} y={group.y} width={group.width} height={group.height} rx="6" />)}
      {drawn.ways.map((way) => <path key={way.key} className="part-way" data-kind={way.kind} d={pathOf(way)} markerEnd="url(#part-arrow)"><title>{way.kind}</title></path>)}
      {drawn.boxes.map((box) => <Part key={box.name} box={box} counts={counts?.[box.name]} running={counts !== undefined} onChoose={onChoose} />)}
    </svg>
  )
}

const pathOf = (way: Way) => way.points.map(([x, y], index) => `${index ? 'L' : 'M'}${x} ${y}`).join(' ')

function Part({ box, counts, running, onChoose }: { box: Drawn['boxes'][number]; counts: PartCounts | undefined; running: boolean; onChoose: ((name: string) => void) | undefined }) {
  const height = box.holds ? 40 : box.height
  const said = counts ? `${formatQuantity(counts.inside, 'count')} inside, entered ${formatQuantity(counts.entered, 'times')}${counts.retried ? `, retried ${formatQuantity(counts.retried, 'times')}` : ''}${counts.failed ? `, failed ${formatQuantity(counts.failed, 'times')}` : ''}` : running ? 'not entered yet' : ''
  const choose = onChoose && { onClick: () => onChoose(box.name), onKeyDown: (event: React.KeyboardEvent) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); onChoose(box.name) } }, tabIndex: 0, role: 'button' as const }
  return (
    <g className="part" role="img" data-busy={(counts && counts.inside > 0) || undefined} data-failing={(counts && counts.failed > 0) || undefined} transform={`translate(${box.x} ${box.y})`} aria-label={`${box.name}, ${box.type}${said ? `: ${said}` : ''}`} {...choose}>
      <title>{`${box.name} (${box.type})${said ? `: ${said}` : ''}`}</title>
      <rect className="part-card" width={box.width} height={height} rx="6" />
      {box.start && <circle className="part-start" cx="9" cy={height / 2} r="3.5" />}
      {box.end && <rect className="part-end" x={box.width - 5} y="6" width="2.5" height={height - 12} />}
      <text x={18} y={18} className="part-name">{shortened(box.name, box.width - 26)}</text>
      <text x={18} y={33} className="part-type">{box.type}</text>
      {counts && <text x={box.width - 10} y={33} textAnchor="end" className="part-count">{counts.failed > 0 && <tspan className="part-failed">✕ {formatQuantity(counts.failed, 'count')}  </tspan>}<tspan className="part-inside">{formatQuantity(counts.inside, 'count')}</tspan></text>}
    </g>
  )
}

const shortened = (text: string, width: number) => (text.length * 7.4 <= width ? text : `${text.slice(0, Math.max(3, Math.floor(width / 7.4) - 1))}…`)
