import { Button, Input, Select, TextInput } from '@mantine/core'
import { useId, useState } from 'react'

import type { Schema, ScriptLine } from '../api/types'
import { exactText, parseQuantity } from '../format'
import { FieldInput } from '../forms/fields'
import { defaultOf, fieldOf } from '../forms/schema'
import { Field, initialTexts, readField, readFor } from '../live/FaultMenu'
import { placeKey, type Breakable } from '../live/faults'
import { ACTIONS, actionOf, isPlain, type Action, type ChangeablePlace } from './script'

interface Props {
  line: ScriptLine | null
  places: Breakable[]
  changeable: ChangeablePlace[]
  keep: (line: ScriptLine) => void
  cancel: () => void
}

type Reading = { control: object; problem: null } | { control: null; problem: string }

/** One line of the script: when, what, where, how bad and for how long. */
export function LineForm({ line, places, changeable, keep, cancel }: Props) {
  const [action, setAction] = useState<Action>(line ? actionOf(line) : 'fault')
  const [at, setAt] = useState(line ? exactText(line.time_s, 's') : '60 s')
  const moment = parseQuantity(at, 's')
  const [reading, setReading] = useState<Reading | null>(null)
  const problem = !moment.ok ? moment.message : moment.value < 0 ? 'Not before the run begins.' : null
  const submit = () => {
    if (problem !== null || !moment.ok || !reading || reading.problem !== null) return
    keep({ time_s: moment.value, ...reading.control } as ScriptLine)
  }
  const part = { line: line && actionOf(line) === action ? line : null, report: setReading }
  return (
    <form className="live-form" onSubmit={(event) => { event.preventDefault(); submit() }}>
      <TextInput label="At" description="Simulated time from the start, for example 90 s or 5 min." value={at} error={problem} onChange={(event) => setAt(event.currentTarget.value)} data-autofocus />
      <Select label="What" data={ACTIONS} value={action} allowDeselect={false} onChange={(next) => { setAction((next ?? 'fault') as Action); setReading(null) }} />
      {(action === 'fault' || action === 'clear_fault') && <FaultPart key={action} {...part} action={action} places={places} />}
      {action === 'load' && <LoadPart {...part} />}
      {action === 'parameter' && <ParameterPart {...part} changeable={changeable} />}
      <div className="live-row live-end">
        <Button variant="default" onClick={cancel}>Cancel</Button>
        <Button type="submit" disabled={problem !== null || !reading || reading.problem !== null}>{line ? 'Keep' : 'Add'}</Button>
      </div>
    </form>
  )
}

interface PartProps { line: ScriptLine | null; report: (reading: Reading) => void }

/** Tell the form what the part's fields say now; called while drawing would loop, so only when something was typed or drawn anew. */
function useReading(reading: Reading, report: (reading: Reading) => void): void {
  const text = JSON.stringify(reading)
  const [told, tell] = useState('')
  if (told !== text) {
    tell(text)
    queueMicrotask(() => report(reading))
  }
}

const refused = (problem: string): Reading => ({ control: null, problem })

function ForField({ text, change, problem }: { text: string; change: (text: string) => void; problem: string | null }) {
  return <TextInput label="For" description="Simulated time. Empty: until a later line ends it." value={text} error={problem} onChange={(event) => change(event.currentTarget.value)} />
}

function FaultPart({ line, report, action, places }: PartProps & { action: 'fault' | 'clear_fault'; places: Breakable[] }) {
  const given = line && (line.action === 'fault' || line.action === 'clear_fault') ? line : null
  const [key, setKey] = useState(given ? placeKey(given) : places[0]?.key ?? '')
  const place = places.find((one) => one.key === key)
  const lasting = place?.faults.filter((fault) => action === 'fault' || !fault.instant) ?? []
  const [name, setName] = useState(given?.fault ?? lasting[0]?.name ?? '')
  const fault = lasting.find((one) => one.name === name) ?? lasting[0]
  const [texts, setTexts] = useState<Record<string, string>>(() => (fault ? initialTexts(fault, given?.action === 'fault' ? given.value : {}) : {}))
  const [until, setUntil] = useState(given?.action === 'fault' && given.for_s ? exactText(given.for_s, 's') : '')
  const properties = action === 'fault' ? Object.entries(fault?.parameters.properties ?? {}) : []
  const read = properties.map(([field, schema]) => [field, readField(schema, texts[field] ?? '')] as const)
  const length = readFor(until)
  const faulty = read.find(([, one]) => one.problem !== null)?.[1].problem ?? length.problem
  useReading(
    !place || !fault ? refused('Nothing to break.') : faulty !== null ? refused(faulty)
      : { problem: null, control: action === 'clear_fault' ? { action, ...place.place, fault: fault.name } : { action, ...place.place, fault: fault.name, value: Object.fromEntries(read.map(([field, one]) => [field, one.value])), ...(length.for_s && !fault.instant ? { for_s: length.for_s } : {}) } },
    report,
  )
  const choose = (next: string, of: Breakable | undefined) => {
    const chosen = of?.faults.find((one) => one.name === next) ?? of?.faults[0]
    setName(chosen?.name ?? '')
    setTexts(chosen ? initialTexts(chosen) : {})
  }
  return (
    <>
      <Select label="Where" searchable data={places.map((one) => ({ value: one.key, label: one.name }))} value={key} allowDeselect={false} onChange={(next) => { setKey(next ?? ''); choose(name, places.find((one) => one.key === next)) }} />
      <Select label="Fault" data={lasting.map((one) => ({ value: one.name, label: one.title }))} value={fault?.name ?? null} allowDeselect={false} description={fault?.help} onChange={(next) => choose(next ?? '', place)} />
      {properties.map(([field, schema], index) => <Field key={field} schema={schema} name={field} text={texts[field] ?? ''} problem={read[index]?.[1].problem ?? null} change={(text) => setTexts({ ...texts, [field]: text })} />)}
      {action === 'fault' && !fault?.instant && <ForField text={until} change={setUntil} problem={length.problem} />}
    </>
  )
}

function LoadPart({ line, report }: PartProps) {
  const given = line?.action === 'load' ? line : null
  const [text, setText] = useState(String(given?.value ?? 2))
  const [until, setUntil] = useState(given?.for_s ? exactText(given.for_s, 's') : '')
  const factor = Number(text)
  const problem = text.trim() === '' || !Number.isFinite(factor) || factor < 0 || factor > 1000 ? 'A number from 0 to 1000.' : null
  const length = readFor(until)
  useReading(problem ?? length.problem ? refused(problem ?? length.problem ?? '') : { problem: null, control: { action: 'load', value: factor, ...(length.for_s ? { for_s: length.for_s } : {}) } }, report)
  return (
    <>
      <TextInput label="Factor" description="Times what all sources send." value={text} error={problem} onChange={(event) => setText(event.currentTarget.value)} />
      <ForField text={until} change={setUntil} problem={length.problem} />
    </>
  )
}

/** The text of a plain value. */
const textOf = (value: unknown, schema: Schema | undefined) => (value === undefined || value === null ? '' : typeof value === 'number' ? exactText(value, schema?.unit ?? '') : String(value))

function ParameterPart({ line, report, changeable }: PartProps & { changeable: ChangeablePlace[] }) {
  const id = useId()
  const given = line?.action === 'parameter' ? line : null
  const [key, setKey] = useState(given ? placeKey(given) : changeable[0]?.key ?? '')
  const place = changeable.find((one) => one.key === key)
  const [name, setName] = useState(given?.parameter ?? place?.parameters[0]?.[0] ?? '')
  const [parameter, schema] = place?.parameters.find(([one]) => one === name) ?? place?.parameters[0] ?? ['', undefined]
  const plain = isPlain(schema)
  const usual = (of: ChangeablePlace | undefined, its: Schema | undefined) => (of && its ? defaultOf(its, of.schema) : undefined)
  const [text, setText] = useState(textOf(given?.value ?? schema?.default, schema))
  const [parts, setParts] = useState<unknown>(given ? given.value : usual(place, schema))
  const read = schema && plain ? readField(schema, text) : { value: parts, problem: parts === undefined ? 'Give a value.' : null }
  const after_s = given?.after_s
  useReading(!place ? refused('Nothing to change.') : read.problem !== null ? refused(read.problem) : { problem: null, control: { action: 'parameter', ...place.place, parameter, value: read.value, ...(after_s === undefined || after_s === null ? {} : { after_s }) } }, report)
  const choose = (next: string, of: ChangeablePlace | undefined) => {
    const [found, its] = of?.parameters.find(([one]) => one === next) ?? of?.parameters[0] ?? ['', undefined]
    setName(found)
    setText(textOf(its?.default, its))
    setParts(usual(of, its))
  }
  const propagation = schema?.propagation
  return (
    <>
      <Select label="Where" searchable data={changeable.map((one) => ({ value: one.key, label: one.name }))} value={key} allowDeselect={false} onChange={(next) => { setKey(next ?? ''); choose(name, changeable.find((one) => one.key === next)) }} />
      <Select label="Parameter" searchable data={(place?.parameters ?? []).map(([one, its]) => ({ value: one, label: its.title ?? one }))} value={parameter} allowDeselect={false} description={propagation ? `It acts ${exactText(propagation.delay_s, 's')} later. ${propagation.note}` : undefined} onChange={(next) => choose(next ?? '', place)} />
      {schema && plain
        ? <Field schema={{ ...schema, title: 'Value' }} name="value" text={text} problem={read.problem} change={setText} />
        : schema && place && <Input.Wrapper label="Value" labelElement="div"><FieldInput key={`${place.key} ${parameter}`} id={id} label={schema.title ?? parameter} field={fieldOf(parameter, schema, place.schema)} value={parts} standard={usual(place, schema)} onChange={setParts} disabled={false} mixed={false} sibling={() => undefined} /></Input.Wrapper>}
    </>
  )
}
