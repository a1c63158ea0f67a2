import { Badge, Button, Modal, NativeSelect, Popover, Switch, TextInput } from '@mantine/core'
import { IconBolt, IconSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'

import { useCatalog } from '../api/catalog'
import type { ControlPlace, Fault, Schema } from '../api/types'
import { chosenOf } from '../forms/schema'
import { exactText, formatClock, parseQuantity } from '../format'
import { activeFaults, breakables, bySort, clearing, lastingGroups, type ActiveFault, type Breakable } from './faults'
import { useRun } from './runStore'
import './faults.css'

interface Asked { place: Breakable; fault: Fault }

/** Break something while the run goes on, or mend it; the palette is made from what the services, wires and groups say can break. */
export function FaultMenu({ refused }: { refused: string | null }) {
  const graph = useRun((state) => state.run?.graph)
  const services = useRun((state) => state.services)
  const faults = useCatalog((state) => state.faults)
  const controls = useRun((state) => state.controls)
  const latest = useRun((state) => state.log.latest)
  const [opened, open] = useState(false)
  const [asked, ask] = useState<Asked | null>(null)
  const places = useMemo(() => breakables(graph, services, faults), [graph, services, faults])
  const named = (place: ControlPlace) => places.find((one) => one.place.node === place.node && one.place.wire === place.wire && one.place.group === place.group)
  const faultOf = (place: ControlPlace, name: string) => named(place)?.faults.find((one) => one.name === name)
  const active = activeFaults(latest, controls, (place, name) => faultOf(place, name)?.instant ?? false)
  const close = () => open(false)
  return (
    <>
      <Popover position="top-end" shadow="md" width={360} opened={opened && !refused} onChange={open} trapFocus>
        <Popover.Target>
          <Button variant="default" size="xs" h={32} leftSection={<IconBolt size={14} />} rightSection={active.length > 0 ? <Badge size="sm" circle color="red">{active.length}</Badge> : undefined} data-disabled={refused ? true : undefined} aria-disabled={refused ? true : undefined} aria-haspopup="dialog" aria-expanded={opened} title={refused ?? 'Break something and see what happens'} onClick={() => { if (!refused) open(!opened) }}>
            Inject fault
          </Button>
        </Popover.Target>
        <Popover.Dropdown className="fault-palette" aria-label="Faults">
          <InForce active={active} name={(fault) => `${faultOf(fault, fault.fault)?.title ?? fault.fault}” at ${named(fault)?.name ?? ''}`} />
          <Palette places={places} lasting={lastingGroups(graph, faults)} choose={(place, fault) => { close(); ask({ place, fault }) }} />
        </Popover.Dropdown>
      </Popover>
      <Modal opened={asked !== null} onClose={() => ask(null)} title={asked ? `${asked.fault.title} · ${asked.place.name}` : ''} centered>
        {asked && <FaultForm key={`${asked.place.key} ${asked.fault.name}`} {...asked} done={() => ask(null)} />}
      </Modal>
    </>
  )
}

function InForce({ active, name }: { active: ActiveFault[]; name: (fault: ActiveFault) => string }) {
  if (active.length === 0) return null
  return (
    <section className="fault-force">
      <h3 className="live-heading">In force</h3>
      {active.map((fault) => (
        <button key={`${fault.node ?? fault.wire ?? fault.group} ${fault.fault}`} type="button" className="fault-item" onClick={() => void useRun.getState().control(clearing(fault))}>
          <span>End “{name(fault)}</span><small>{fault.until_s === null ? 'until you end it' : `until ${formatClock(fault.until_s)}`}</small>
        </button>
      ))}
    </section>
  )
}

/** Every fault there is, by its sort, then by its place. */
function Palette({ places, lasting, choose }: { places: Breakable[]; lasting: string[]; choose: (place: Breakable, fault: Fault) => void }) {
  const sorts = useCatalog((state) => state.faults.sorts)
  const [sought, seek] = useState('')
  const words = sought.trim().toLowerCase()
  const found = bySort(places, sorts)
    .map((sort) => ({ ...sort, entries: sort.entries.filter(({ place, fault }) => `${sort.title} ${place.name} ${fault.title}`.toLowerCase().includes(words)) }))
    .filter(({ entries }) => entries.length > 0)
  return (
    <>
      <TextInput size="xs" aria-label="Find a fault" placeholder="Find a fault or a place" leftSection={<IconSearch size={14} />} value={sought} onChange={(event) => seek(event.currentTarget.value)} onKeyDown={(event) => event.stopPropagation()} data-autofocus />
      <div className="fault-list">
        {found.map(({ name, title, entries }) => (
          <section key={name} aria-label={title}>
            <h3 className="live-heading">{title}</h3>
            {entries.map(({ place, fault }) => (
              <button key={`${place.key} ${fault.name}`} type="button" className="fault-item" title={fault.help} onClick={() => choose(place, fault)}><span>{fault.title}</span><small>{place.name}</small></button>
            ))}
          </section>
        ))}
        {lasting.length > 0 && (words === '' || lasting.some((title) => title.toLowerCase().includes(words))) && (
          <p className="live-note">{lasting.map((title) => `“${title}”`).join(', ')} cannot be lost as a whole: only what fails as a whole in AWS can. Make the box an Availability Zone, a VPC, a Region or an account.</p>
        )}
        {found.length === 0 && <p className="live-note">{places.length === 0 ? 'Nothing in this diagram has a fault to inject.' : 'No fault has this name.'}</p>}
      </div>
    </>
  )
}

/** How bad, and for how long. */
function FaultForm({ place, fault, done }: Asked & { done: () => void }) {
  const properties = Object.entries(fault.parameters.properties ?? {})
  const [texts, setTexts] = useState<Record<string, string>>(() => initialTexts(fault))
  const [until, setUntil] = useState('')
  const read = properties.map(([name, schema]) => [name, readField(schema, texts[name] ?? '')] as const)
  const length = readFor(until)
  const faulty = read.some(([, one]) => one.problem !== null) || length.problem !== null
  const submit = () => {
    if (faulty) return
    void useRun.getState().control({ action: 'fault', ...place.place, fault: fault.name, value: Object.fromEntries(read.map(([name, one]) => [name, one.value])), ...(length.for_s ? { for_s: length.for_s } : {}) })
    done()
  }
  return (
    <form className="live-form" onSubmit={(submitted) => { submitted.preventDefault(); submit() }}>
      <p className="live-note">{fault.help}</p>
      {properties.map(([name, schema], index) => (
        <Field key={name} schema={schema} name={name} text={texts[name] ?? ''} problem={read[index]?.[1].problem ?? null} change={(text) => setTexts({ ...texts, [name]: text })} />
      ))}
      {!fault.instant && <TextInput label="For" description="Simulated time, for example 30 s or 5 min. Empty: until you end it." value={until} error={length.problem} onChange={(event) => setUntil(event.currentTarget.value)} />}
      <div className="live-row live-end">
        <Button variant="default" onClick={done}>Cancel</Button>
        <Button type="submit" disabled={faulty}>Inject</Button>
      </div>
    </form>
  )
}

export function Field({ schema, name, text, problem, change }: { schema: Schema; name: string; text: string; problem: string | null; change: (text: string) => void }) {
  const label = schema.title ?? name
  if (schema.type === 'boolean') return <Switch label={label} description={schema.description} checked={text === 'true'} onChange={(event) => change(String(event.currentTarget.checked))} />
  if (schema.enum) return <NativeSelect label={label} description={schema.description} data={schema.enum.map(String)} value={text} onChange={(event) => change(event.currentTarget.value)} />
  return <TextInput label={label} description={schema.description} value={text} error={problem} onChange={(event) => change(event.currentTarget.value)} data-autofocus />
}

/** What a fault's fields say at first: its defaults, or `values`. */
export function initialTexts(fault: Fault, values: Record<string, unknown> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(fault.parameters.properties ?? {}).map(([name, schema]) => [name, initialText(schema, values[name])]))
}

function initialText(schema: Schema, given: unknown): string {
  const value = given ?? schema.default
  if (typeof value === 'number') return exactText(value, schema.unit ?? '')
  return value === undefined || value === null ? '' : String(value)
}

/** How long a fault lasts; an empty text is until it is ended. */
export function readFor(text: string): { for_s: number | null; problem: string | null } {
  if (text.trim() === '') return { for_s: null, problem: null }
  const read = parseQuantity(text, 's')
  if (!read.ok) return { for_s: null, problem: read.message }
  return read.value > 0 ? { for_s: read.value, problem: null } : { for_s: null, problem: 'More than nothing.' }
}

/** A field's value, or what is wrong with its text. */
export function readField(schema: Schema, text: string): { value: unknown; problem: string | null } {
  if (schema.type === 'boolean') return { value: text === 'true', problem: null }
  if (schema.enum) return { value: chosenOf(schema.enum, text), problem: null }
  if (schema.type === 'string') return { value: text, problem: null }
  const unit = schema.unit ?? ''
  const read = parseQuantity(text, unit)
  if (!read.ok) return { value: null, problem: read.message }
  const { minimum, maximum } = schema
  if (minimum !== undefined && read.value < minimum) return { value: null, problem: `At least ${exactText(minimum, unit)}.` }
  if (maximum !== undefined && read.value > maximum) return { value: null, problem: `At most ${exactText(maximum, unit)}.` }
  if (schema.type === 'integer' && !Number.isInteger(read.value)) return { value: null, problem: 'A whole number.' }
  return { value: read.value, problem: null }
}
