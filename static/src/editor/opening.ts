/** Opening a diagram from a file. */

import { api, ApiError } from '../api/client'
import type { Graph } from '../api/types'

/** The file of a drop, if it brings one. */
export const fileOf = (transfer: DataTransfer): File | null => transfer.files[0] ?? null

/** Make a diagram of the graph in a JSON file and go to it; answers with what is wrong, if anything is. */
export async function openFile(file: File): Promise<string | null> {
  let graph: Graph
  try {
    graph = JSON.parse(await file.text()) as Graph
  } catch {
    return `“${file.name}” is not JSON. Drop a diagram that was exported as JSON.`
  }
  if (typeof graph !== 'object' || graph === null || !Array.isArray(graph.nodes) || !Array.isArray(graph.wires)) return `“${file.name}” holds no diagram: it needs “nodes” and “wires”.`
  try {
    const diagram = await api.createDiagram({ graph: { ...graph, name: graph.name || file.name.replace(/\.json$/i, '') } })
    window.location.assign(`/diagrams/${diagram.id}/`)
    return null
  } catch (error) {
    return error instanceof ApiError ? `“${file.name}” cannot be opened: ${error.message}. ${error.detail.hint}` : String(error)
  }
}
