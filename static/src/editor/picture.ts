/** The diagram as a picture: an SVG of its own, with the icons in it, so that it shows everywhere as it does here. */

import type { Graph, Service } from '../api/types'
import { shownTitle } from '../app/naming'
import { counted } from '../format'
import { GROUP_WORDS, groupBoxes, groupsOf, notesOf } from './annotations'
import { edgesOf } from './edges'
import { CARD, positionOf, type Point } from './graph'
import { foldedInto, foldedPlaces } from './groupNodes'
import { labelPlace, pathOf } from './routing'

export interface Colours { surface: string; canvas: string; line: string; text: string; muted: string; grey: string; amber: string }

const MARGIN = 32
const FONT = 'system-ui, -apple-system, Segoe UI, Roboto, sans-serif'

const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!)
const shortened = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

/** Colours for paper. */
export const PAPER: Colours = { surface: '#fff', canvas: '#fff', line: '#bbb', text: '#111', muted: '#444', grey: '#666', amber: '#875a00' }

/** The colours of the page as it is shown now. */
export function coloursShown(): Colours {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return { surface: of('surface'), canvas: of('canvas'), line: of('line'), text: of('text'), muted: of('muted'), grey: of('grey'), amber: of('amber') }
}

/** The diagram as the text of an SVG file. */
export function svgOf(graph: Graph, services: Record<string, Service>, icons: Record<string, string>, colours: Colours, transparent: boolean): string {
  const places = Object.fromEntries(graph.nodes.map((node) => [node.id, positionOf(graph, node.id)]))
  const groups = groupsOf(graph)
  const folded = foldedInto(groups)
  const stand = foldedPlaces(groups, places)
  const cards: Record<string, Point> = { ...Object.fromEntries(Object.entries(places).filter(([id]) => !folded[id])), ...stand }
  const edges = edgesOf(graph, services, cards, folded)
  const boxes = groupBoxes(groups, places)
  const open = groups.filter((group) => !group.collapsed && boxes[group.id])
  const notes = notesOf(graph)
  const corners = [
    ...Object.values(cards).flatMap(([x, y]): Point[] => [[x, y], [x + CARD.width, y + CARD.height]]), ...edges.flatMap((edge) => edge.data!.points),
    ...open.flatMap((group): Point[] => [[boxes[group.id]!.x, boxes[group.id]!.y], [boxes[group.id]!.x + boxes[group.id]!.width, boxes[group.id]!.y + boxes[group.id]!.height]]),
    ...notes.flatMap((note): Point[] => { const [x, y] = positionOf(graph, note.id); return [[x, y], [x + CARD.width, y + 18 + 16 * note.text.split('\n').length]] }),
  ]
  const [left, top] = [Math.min(0, ...corners.map(([x]) => x)) - MARGIN, Math.min(0, ...corners.map(([, y]) => y)) - MARGIN]
  const [width, height] = [Math.max(CARD.width, ...corners.map(([x]) => x)) + MARGIN - left, Math.max(CARD.height, ...corners.map(([, y]) => y)) + MARGIN - top]
  const parts = [
    transparent ? '' : `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${colours.canvas}"/>`,
    ...open.sort((one, other) => other.members.length - one.members.length).map((group) => { const box = boxes[group.id]!; return `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="6" fill="${colours.grey}" fill-opacity="0.05" stroke="${colours.grey}"${group.kind === 'vpc' ? ' stroke-dasharray="6 4"' : ''}/><text x="${box.x + 10}" y="${box.y + 16}" font-size="12" font-weight="600" fill="${colours.text}">${escaped(group.title)} <tspan font-weight="400" fill="${colours.muted}">${group.kind === 'group' ? '' : GROUP_WORDS[group.kind]}</tspan></text>` }),
    ...edges.map((edge) => `<path d="${pathOf(edge.data!.points)}" fill="none" stroke="${colours.grey}" stroke-width="1.5"${edge.data!.failure ? ' stroke-dasharray="3 4"' : ''} marker-end="url(#end)"/>`),
    ...edges.filter((edge) => edge.data!.label).map((edge) => { const [x, y] = labelPlace(edge.data!.points); return `<text x="${x}" y="${y - 6}" font-size="11" text-anchor="middle" fill="${colours.muted}">${escaped(shortened(edge.data!.label, 28))}</text>` }),
    ...groups.filter((group) => group.collapsed && stand[`group:${group.id}`] && group.members.every((id) => folded[id] === `group:${group.id}`)).map((group) => card(stand[`group:${group.id}`]!, group.title, `${GROUP_WORDS[group.kind]}, ${counted(group.members.length, 'node')}`, undefined, colours)),
    ...graph.nodes.filter((node) => !folded[node.id]).map((node) => card(places[node.id]!, node.name || node.id, shownTitle(services[node.kind], node.kind), icons[node.kind], colours)),
    ...notes.map((note) => { const [x, y] = positionOf(graph, note.id); const lines = note.text.split('\n'); return `${note.look === 'note' ? `<rect x="${x}" y="${y}" width="${CARD.width}" height="${18 + 16 * lines.length}" rx="6" fill="${colours.amber}" fill-opacity="0.12" stroke="${colours.amber}" stroke-opacity="0.4"/>` : ''}<text fill="${colours.text}" font-size="${note.look === 'note' ? 12 : 14}">${lines.map((line, index) => `<tspan x="${x + 10}" y="${y + 20 + 16 * index}">${escaped(shortened(line, 34))}</tspan>`).join('')}</text>` }),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${height}" width="${width}" height="${height}" font-family="${FONT}"><title>${escaped(graph.name)}</title><defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="${colours.grey}"/></marker></defs>${parts.join('')}</svg>`
}

function card([x, y]: Point, name: string, kind: string, icon: string | undefined, colours: Colours): string {
  const text = x + (icon ? 46 : 12)
  return `<g><rect x="${x}" y="${y}" width="${CARD.width}" height="${CARD.height}" rx="6" fill="${colours.surface}" stroke="${colours.line}"/>${icon ? `<image href="${icon}" x="${x + 9}" y="${y + 18}" width="28" height="28"/>` : ''}<text x="${text}" y="${y + 29}" font-size="13" font-weight="650" fill="${colours.text}">${escaped(shortened(name, 19))}</text><text x="${text}" y="${y + 45}" font-size="11" fill="${colours.muted}">${escaped(shortened(kind, 24))}</text></g>`
}

/** An SVG drawn as a PNG, `scale` times its size. */
export async function pngOf(svg: string, scale: number): Promise<Blob> {
  const image = new Image()
  await new Promise<void>((resolve, reject) => {
    image.onload = () => resolve()
    image.onerror = () => reject(new Error('The picture cannot be drawn'))
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`
  })
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(image.width * scale)
  canvas.height = Math.round(image.height * scale)
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture is too large for this browser; choose a smaller scale'))), 'image/png'))
}

/** The diagram as a Mermaid flowchart. */
export function mermaidOf(graph: Graph, services: Record<string, Service>): string {
  const short = new Map(graph.nodes.map((node, index) => [node.id, `n${index + 1}`]))
  const quoted = (text: string) => text.replace(/[#"<>&`]/g, (sign) => (sign === '"' ? '#quot;' : `#${sign.charCodeAt(0)};`)).replace(/\n/g, ' ')
  const line = (id: string) => { const node = graph.nodes.find((found) => found.id === id)!; return `${short.get(id)}["${quoted(node.name || node.id)}<br/><small>${quoted(shownTitle(services[node.kind], node.kind))}</small>"]` }
  const groups = groupsOf(graph)
  const grouped = new Set<string>()
  const boxes = [...groups].sort((one, other) => one.members.length - other.members.length).flatMap((group, index) => {
    const mine = group.members.filter((id) => !grouped.has(id))
    mine.forEach((id) => grouped.add(id))
    return mine.length ? [`  subgraph g${index + 1}["${quoted(group.title)}"]`, ...mine.map((id) => `    ${line(id)}`), '  end'] : []
  })
  const failing = (wire: Graph['wires'][number]) => services[graph.nodes.find((node) => node.id === wire.from.node)?.kind ?? '']?.ports.find((port) => port.name === wire.from.port)?.role === 'failure'
  return ['flowchart LR', ...boxes, ...graph.nodes.filter((node) => !grouped.has(node.id)).map((node) => `  ${line(node.id)}`), ...graph.wires.map((wire) => `  ${short.get(wire.from.node)} ${failing(wire) ? '-.->' : '-->'} ${short.get(wire.to.node)}`), ''].join('\n')
}
