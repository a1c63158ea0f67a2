/** What the page of runs side by side needs beside the server's answer. Pure functions. */

import type { CatalogFaults, ComparedCell, Graph, Report, Schema, ScriptLine, Service } from '../api/types'
import { wireSchema } from '../editor/legality'
import { settingWords } from '../forms/words'
import { formatQuantity } from '../format'
import { breakables } from '../live/faults'
import { widthText } from '../report/intervals'
import { changeablePlaces, lineWords } from '../script/script'

/** The address of the comparison; keys open runs of others. */
export function compareLink(runs: readonly string[], keys: readonly string[] = []): string {
  return `/compare/?runs=${runs.join(',')}${keys.some(Boolean) ? `&keys=${keys.map(encodeURIComponent).join(',')}` : ''}`
}

/** Runs and keys that the address names; links to runs, pasted as they are, count too. */
export function runsIn(search: string): { runs: string[]; keys: string[] } {
  const wanted = new URLSearchParams(search)
  const list = (name: string) => (wanted.get(name) ?? '').split(',')
  const runs = list('runs').filter(Boolean)
  const keys = list('keys')
  return { runs, keys: runs.map((_, place) => keys[place] ?? '') }
}

/** The run and key that a pasted link or id names; null if it is neither. */
export function runIn(text: string): { run: string; key: string } | null {
  const run = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(text)?.[0]
  if (!run) return null
  const search = text.includes('?') ? new URLSearchParams(text.slice(text.indexOf('?'))) : new URLSearchParams()
  return { run: search.get('run') ?? run, key: search.get('key') ?? '' }
}

/** A difference with its interval, and as a share of the first run's figure. */
export function differenceText(cell: ComparedCell, unit: string): string {
  if (cell.difference === null) return ''
  if (cell.verdict === 'equal') return 'the same'
  const sign = cell.difference < 0 ? '−' : '+'
  const width = cell.difference_half_width === null ? '' : ` ± ${widthText(cell.difference_half_width, cell.difference, unit)}`
  const share = cell.relative === null ? '' : ` (${sign}${formatQuantity(Math.abs(cell.relative), 'share')})`
  return `${sign}${formatQuantity(Math.abs(cell.difference), unit)}${width}${share}`
}

/** The schema of the settings of what differs: of a node or wire of the graph, of a kind's part of the account, or of the run. */
export function schemaOf(owner: string, graph: Graph | undefined, services: Record<string, Service>, run: Schema | null): Schema | null {
  const at = owner.indexOf(' ')
  const [sort, id] = at < 0 ? [owner, ''] : [owner.slice(0, at), owner.slice(at + 1)]
  if (sort === 'run') return run
  if (sort === 'account') return services[id]?.account_parameters ?? null
  if (sort === 'node') return services[graph?.nodes.find((node) => node.id === id)?.kind ?? '']?.parameters ?? null
  const wire = sort === 'wire' && graph?.wires.find((one) => one.id === id)
  return graph && wire ? wireSchema(services, graph, wire).schema : null
}

/** What the page knows beside the answer: the kinds of services, what can break, and the settings of a run. */
export interface Known { services: Record<string, Service>; faults: CatalogFaults; run: Schema | null }

/** A value that differs, in words; null where it stands at its default, or is not there. */
export function differingWords(owner: string, setting: string, value: unknown, graph: Graph | undefined, { services, faults, run }: Known): string | null {
  if (value === null) return null
  if (owner === 'script' && graph) return lineWords(value as ScriptLine, graph, breakables(graph, services, faults), changeablePlaces(graph, services))
  return settingWords(setting, value, schemaOf(owner, graph, services, run))
}

/** What stands where there is no value: what is not there at all has no default. */
export const noneWords = (owner: string, setting: string) => (setting === '' || owner === 'script' ? 'absent' : 'default')

export const VERDICT_WORDS = { higher: 'higher', lower: 'lower', open: 'not certain', equal: 'the same' } as const

export interface Overlay { time_s: number[]; lines: (number | null)[][] }

/** One metric of one node in several runs, over the times of all of them; a counter as its rate. */
export function overlay(reports: readonly (Report | null)[], node: string, metric: string): Overlay {
  const series = reports.map((report) => {
    const values = report?.series.nodes[node]?.[metric]
    if (!report || !values) return new Map<number, number | null>()
    const counter = report.nodes[node]?.metrics[metric]?.type === 'sum'
    const times = report.series.time_s
    return new Map(times.map((time_s, place) => [time_s, counter ? rateAt(times, values, place) : values[place] ?? null]))
  })
  const time_s = [...new Set(series.flatMap((one) => [...one.keys()]))].sort((one, other) => one - other)
  return { time_s, lines: series.map((one) => time_s.map((moment) => one.get(moment) ?? null)) }
}

function rateAt(times: readonly number[], values: readonly (number | null)[], place: number): number | null {
  const [before, now] = [values[place - 1], values[place]]
  const passed_s = (times[place] ?? 0) - (times[place - 1] ?? 0)
  return place === 0 || typeof before !== 'number' || typeof now !== 'number' || passed_s <= 0 ? null : (now - before) / passed_s
}

export interface Choice { node: string; metric: string; label: string; unit: string }

/** Every series that at least one run has, by the names of the first run that has it. */
export function choices(reports: readonly (Report | null)[]): Choice[] {
  const found = new Map<string, Choice>()
  for (const report of reports) {
    for (const [node, metrics] of Object.entries(report?.series.nodes ?? {})) {
      for (const metric of Object.keys(metrics)) {
        const told = report?.nodes[node]?.metrics[metric]
        const key = `${node} ${metric}`
        if (told && !found.has(key)) found.set(key, { node, metric, label: `${report?.nodes[node]?.name ?? node} · ${told.title || metric}`, unit: told.type === 'sum' ? 'per_s' : told.unit })
      }
    }
  }
  return [...found.values()]
}
