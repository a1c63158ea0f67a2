/** What the server does not have yet, kept by the browser: each page keeps its own, so that no tab takes away what another one has not sent. */

import { api } from '../api/client'
import type { Graph } from '../api/types'

/** A graph that was changed from version `base` of its diagram, at this time. */
export interface Kept { base: number; graph: Graph; at: number }

const PREFIX = 'backwater.unsaved.'
const OWN = `.${Math.random().toString(36).slice(2)}`

const ownKey = (id: string) => `${PREFIX}${id}${OWN}`
const diagramOf = (key: string) => key.slice(PREFIX.length).split('.')[0]!

function read(key: string): Kept | null {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? 'null') as Partial<Kept> | null
    return found && Array.isArray(found.graph?.nodes) && Array.isArray(found.graph.wires) ? { base: Number(found.base), graph: found.graph, at: found.at ?? 0 } : null
  } catch {
    return null
  }
}

const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))

let latest: { id: string; base: number; graph: Graph } | null = null

/** Keep a graph until the server has it; says whether there was room for it. */
export function keep(id: string, base: number, graph: Graph): boolean {
  if (latest?.id === id && latest.base === base && latest.graph === graph) return true
  latest = null
  try {
    localStorage.setItem(ownKey(id), JSON.stringify({ base, graph, at: Date.now() }))
    latest = { id, base, graph }
    return true
  } catch {
    return false
  }
}

/** The server has what this page kept, or it is not wanted any more. */
export function forget(id: string): void {
  localStorage.removeItem(ownKey(id))
  if (latest?.id === id) latest = null
}

/** Take over what an earlier visit could not save, the latest if there are several: the others wait for the next one. */
export function takeKept(id: string): Kept | null {
  const found = keys().filter((key) => diagramOf(key) === id).flatMap((key) => { const kept = read(key); return kept ? [{ key, kept }] : [] })
  const latest = found.sort((one, other) => other.kept.at - one.kept.at)[0]
  if (!latest) return null
  if (keep(id, latest.kept.base, latest.kept.graph) && latest.key !== ownKey(id)) localStorage.removeItem(latest.key)
  return latest.kept
}

/** All that is kept here, by diagram, the latest first. */
export function allKept(): { id: string; key: string; kept: Kept }[] {
  return keys().flatMap((key) => { const kept = read(key); return kept ? [{ id: diagramOf(key), key, kept }] : [] }).sort((one, other) => other.kept.at - one.kept.at)
}

export const discard = (key: string): void => localStorage.removeItem(key)

/** Make a diagram of its own of a graph that its diagram cannot take; answers with its address. */
export async function saveApart(graph: Graph, word: string): Promise<string> {
  const copy = await api.createDiagram({ graph: { ...graph, name: `${graph.name.slice(0, 180)} (${word})` } })
  return `/diagrams/${copy.id}/`
}
