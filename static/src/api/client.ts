/** Calls to the server. Every failure is an `ApiError` that says what went wrong and the way out. */

import type { Catalog, ComparedRuns, Control, DefinitionAnswer, Diagram, DiagramListed, DistributionAnswer, ErrorDetail, Example, Finding, Frame, Graph, Port, Report, Run, Values, VersionListed } from './types'

export class ApiError extends Error {
  constructor(readonly status: number, readonly detail: ErrorDetail, readonly body: Values = {}) {
    super(detail.message)
  }

  /** Whether the server was not reached at all. */
  get offline(): boolean {
    return this.status === 0
  }
}

function cookie(name: string): string {
  const found = document.cookie.split('; ').find((part) => part.startsWith(`${name}=`))
  return found ? decodeURIComponent(found.slice(name.length + 1)) : ''
}

/** `leaving`: the page goes away meanwhile, and nobody waits for the answer. */
async function call<Answer>(method: string, path: string, body?: unknown, leaving = false, again = false): Promise<Answer> {
  const form = body instanceof FormData
  const headers: Record<string, string> = { Accept: 'application/json', 'X-CSRFToken': cookie('csrftoken') }
  if (body !== undefined && !form) headers['Content-Type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(path, { method, headers, body: form ? body : body === undefined ? undefined : JSON.stringify(body), credentials: 'same-origin', keepalive: leaving })
  } catch {
    throw new ApiError(0, { code: 'offline', message: 'The server cannot be reached', hint: 'Your changes are kept here; they are saved when it answers again', findings: [] })
  }
  if (response.status === 204) return undefined as Answer
  // The token against forged requests has run out: every page of the server brings a new one.
  if (response.status === 403 && method !== 'GET' && !leaving && !again && (await fetch('/', { credentials: 'same-origin' }).catch(() => null))?.ok) return call(method, path, body, false, true)
  const text = await response.text()
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    parsed = null
  }
  if (!response.ok || parsed === null) {
    const shaped = parsed as { error?: ErrorDetail } | null
    const detail = shaped?.error ?? { code: 'server-error', message: `The server answered ${response.status}`, hint: 'Try again', findings: [] }
    throw new ApiError(response.status, detail, (parsed as Values | null) ?? {})
  }
  return parsed as Answer
}

export type ReportFormat = 'markdown' | 'csv' | 'json'

const withKey = (path: string, key?: string) => (key ? `${path}${path.includes('?') ? '&' : '?'}key=${encodeURIComponent(key)}` : path)

export interface TraceAnswer { trace: Values; summary: { text: string; messages: number; duration_s: number; mean_per_s: number; peak_per_s: number | null } }

export const api = {
  services: () => call<Catalog>('GET', '/api/services/'),
  ports: (kind: string, parameters: Values) => call<{ ports: Port[]; valid: boolean }>('POST', '/api/ports/', { kind, parameters }),
  checkDefinition: (language: string, text: string) => call<DefinitionAnswer>('POST', '/api/definitions/', { language, text }),
  distribution: (distribution: Values) => call<DistributionAnswer>('POST', '/api/distributions/', { distribution }),
  findings: (graph: Graph) => call<{ findings: Finding[] }>('POST', '/api/findings/', { graph }),
  examples: () => call<Example[]>('GET', '/api/examples/'),
  diagrams: () => call<DiagramListed[]>('GET', '/api/diagrams/'),
  diagram: (id: string) => call<Diagram>('GET', `/api/diagrams/${id}/`),
  createDiagram: (body: { graph: Graph } | { example: string }) => call<Diagram>('POST', '/api/diagrams/', body),
  saveDiagram: (id: string, graph: Graph, baseVersion: number, leaving = false) => call<Diagram>('PUT', `/api/diagrams/${id}/`, { graph, base_version: baseVersion }, leaving),
  deleteDiagram: (id: string, forever = false) => call<void>('DELETE', `/api/diagrams/${id}/${forever ? '?forever=1' : ''}`),
  trashedDiagrams: () => call<DiagramListed[]>('GET', '/api/diagrams/?trash=1'),
  restoreDiagram: (id: string) => call<Diagram>('POST', `/api/diagrams/${id}/restore/`),
  versions: (id: string) => call<VersionListed[]>('GET', `/api/diagrams/${id}/versions/`),
  version: (id: string, number: number) => call<VersionListed & { graph: Graph }>('GET', `/api/diagrams/${id}/versions/${number}/`),
  nameVersion: (id: string, number: number, name: string) => call<VersionListed>('PATCH', `/api/diagrams/${id}/versions/${number}/`, { name }),
  testPattern: (body: { kind: string; pattern: unknown; message: unknown; scope?: string; name?: string }) => call<{ valid: boolean; match: boolean | null; reason: string; problems: string[] }>('POST', '/api/patterns/test/', body),
  duplicateDiagram: (id: string) => call<Diagram>('POST', `/api/diagrams/${id}/duplicate/`),
  runs: (diagram?: string) => call<Run[]>('GET', `/api/runs/${diagram ? `?diagram=${diagram}` : ''}`),
  startRun: (body: { diagram?: string; graph?: Graph; speed?: number | null; run?: Values }) => call<Run>('POST', '/api/runs/', body),
  run: (id: string, key?: string) => call<Run>('GET', withKey(`/api/runs/${id}/`, key)),
  deleteRun: (id: string) => call<void>('DELETE', `/api/runs/${id}/`),
  frames: (id: string, from: number, limit = 500, key?: string) => call<{ frames: Frame[]; last_seq: number }>('GET', withKey(`/api/runs/${id}/frames/?from=${from}&limit=${limit}`, key)),
  report: (id: string, key?: string) => call<Report>('GET', withKey(`/api/runs/${id}/report/`, key)),
  reportFile: (id: string, format: ReportFormat, key?: string) => withKey(`/api/runs/${id}/report/?format=${format}`, key),
  control: (id: string, control: Control, key?: string) => call<unknown>('POST', withKey(`/api/runs/${id}/controls/`, key), control),
  letControl: (id: string, controllers: Run['controllers']) => call<Run>('PATCH', `/api/runs/${id}/`, { controllers }),
  compare: (runs: readonly string[], keys: readonly string[]) => call<ComparedRuns>('GET', `/api/compare/?runs=${runs.join(',')}${keys.some(Boolean) ? `&keys=${keys.map(encodeURIComponent).join(',')}` : ''}`),
  parseTrace: (file: File, kind: string, intervalS: number) => {
    const form = new FormData()
    form.append('file', file)
    form.append('kind', kind)
    form.append('interval_s', String(intervalS))
    return call<TraceAnswer>('POST', '/api/traces/', form)
  },
}
