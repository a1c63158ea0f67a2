/** The script of a graph: what breaks and changes in every run of it, and when. Pure functions. */

import { wireSchema } from '../editor/legality'
import type { Control, ControlPlace, Graph, Schema, ScriptLine } from '../api/types'
import { settingWords } from '../forms/words'
import { exactText, formatClock, formatQuantity } from '../format'
import { placeIn, placeKey, placeName, type Breakable } from '../live/faults'
import type { Services, TimedControl } from '../live/shapes'

/** Actions that only pace a run, or end it, and so have no place in a script. */
const PACING: ReadonlySet<string> = new Set(['pause', 'resume', 'step', 'speed', 'stop'])

export const scriptOf = (graph: Graph): readonly ScriptLine[] => graph.script ?? []

/** The graph with these lines, in the order of their times. */
export function withScript(graph: Graph, lines: readonly ScriptLine[]): Graph {
  const sorted = lines.map((line, place) => ({ line, place })).sort((one, other) => one.line.time_s - other.line.time_s || one.place - other.place).map(({ line }) => line)
  const { script: _, ...rest } = graph
  return sorted.length > 0 ? { ...rest, script: sorted } : rest
}

/** What was done in a run, as a script: the controls that took effect, those of the run's own script too. */
export function scriptFrom(controls: readonly TimedControl[]): ScriptLine[] {
  return controls.flatMap((control) => {
    const { scripted: _, ...line } = control as TimedControl & { scripted?: boolean }
    return typeof line.time_s === 'number' && !PACING.has(line.action) ? [line as ScriptLine] : []
  })
}

/** Nodes and wires with parameters that may be changed while a run goes on, with those parameters. */
export interface ChangeablePlace { place: ControlPlace; key: string; name: string; schema: Schema; parameters: [name: string, schema: Schema][] }

export function changeablePlaces(graph: Graph, services: Services): ChangeablePlace[] {
  const made = (place: ControlPlace, schema: Schema | null | undefined): ChangeablePlace[] => {
    const parameters = Object.entries(schema?.properties ?? {}).filter(([, one]) => one.changeable)
    return schema && parameters.length > 0 ? [{ place, key: placeKey(place), name: placeName(graph, place), schema, parameters }] : []
  }
  return [
    ...graph.nodes.flatMap(({ id, kind }) => made({ node: id }, services[kind]?.parameters)),
    ...graph.wires.flatMap((wire) => made({ wire: wire.id }, wireSchema(services as Record<string, NonNullable<Services[string]>>, graph, wire).schema)),
  ]
}

export interface LineText { what: string; where: string; until: string }

/** A line in words: what happens, where, and until when. */
export function lineText(line: ScriptLine, graph: Graph, places: readonly Breakable[], changeable: readonly ChangeablePlace[]): LineText {
  const where = 'fault' in line || line.action === 'parameter' ? placeName(graph, placeIn(line as ControlPlace)) : ''
  if (line.action === 'load') return { what: `Load ${formatQuantity(line.value, '')}×`, where: 'all sources', until: line.for_s ? formatClock(line.time_s + line.for_s) : 'changed again' }
  if (line.action === 'fault' || line.action === 'clear_fault') {
    const fault = places.find(({ key }) => key === placeKey(line))?.faults.find((one) => one.name === line.fault)
    const title = fault?.title ?? line.fault
    if (line.action === 'clear_fault') return { what: `End “${title}”`, where, until: '' }
    const values = Object.entries(line.value ?? {}).map(([name, value]) => {
      const schema = fault?.parameters.properties?.[name]
      return `${(schema?.title ?? name).toLowerCase()} ${typeof value === 'number' ? exactText(value, schema?.unit ?? '') : String(value)}`
    })
    return { what: [title, ...values].join(', '), where, until: fault?.instant ? '' : line.for_s ? formatClock(line.time_s + line.for_s) : 'ended' }
  }
  if (line.action === 'parameter') {
    const place = changeable.find(({ key }) => key === placeKey(line))
    const schema = place?.parameters.find(([name]) => name === line.parameter)?.[1]
    const delay_s = line.after_s ?? schema?.propagation?.delay_s ?? 0
    const value = typeof line.value === 'number' ? exactText(line.value, schema?.unit ?? '') : settingWords(line.parameter, line.value, place?.schema)
    return { what: `${schema?.title ?? line.parameter} = ${value}`, where, until: delay_s > 0 ? `acts at ${formatClock(line.time_s + delay_s)}` : '' }
  }
  return { what: line.action === 'stop' ? 'Stop the run' : line.action, where, until: '' }
}

/** A line in one go: when, what, where, and until when. */
export function lineWords(line: ScriptLine, graph: Graph, places: readonly Breakable[], changeable: readonly ChangeablePlace[]): string {
  const { what, where, until } = lineText(line, graph, places, changeable)
  const end = until === '' || line.action === 'parameter' ? until : `until ${until}`
  return [formatClock(line.time_s), what, where, end].filter(Boolean).join(' · ')
}

export const isPlain = (schema: Schema | undefined): boolean => Boolean(schema && (schema.enum || ['number', 'integer', 'boolean', 'string'].includes(String(schema.type))))

export type Action = 'fault' | 'clear_fault' | 'load' | 'parameter'
export const ACTIONS: { value: Action; label: string }[] = [
  { value: 'fault', label: 'Inject a fault' }, { value: 'clear_fault', label: 'End a fault' }, { value: 'load', label: 'Multiply the load' }, { value: 'parameter', label: 'Change a parameter' },
]

export const actionOf = (control: Control): Action => (control.action === 'fault' || control.action === 'clear_fault' || control.action === 'parameter' ? control.action : 'load')
