import { Badge, Button, Menu, Modal, NativeSelect, Switch, TextInput } from '@mantine/core'
import { IconBolt } from '@tabler/icons-react'
import { useMemo, useState } from 'react'

import { exactText, parseQuantity } from '../format'
import { activeFaults, faultsByNode } from './faults'
import { nodeName } from './hooks'
import { useRun } from './runStore'
import type { Fault, Schema } from './shapes'

/** Break something while the run goes on, or mend it; the menu is made from what the services say can break. */
export function FaultMenu({ refused }: { refused: string | null }) {
  const graph = useRun((state) => state.run?.graph)
  const services = useRun((state) => state.services)
  const controls = useRun((state) => state.controls)
  const [asked, ask] = useState<{ node: string; fault: Fault } | null>(null)
  const nodes = useMemo(() => faultsByNode(graph, services), [graph, services])
  const active = useMemo(() => activeFaults(controls), [controls])
  const title = (node: string, fault: string) => nodes.find((one) => one.node === node)?.faults.find((one) => one.name === fault)?.title ?? fault
  const inject = (node: string, fault: Fault) => {
    if (Object.keys(fault.parameters.properties ?? {}).length > 0) ask({ node, fault })
    else void useRun.getState().control({ action: 'fault', node, fault: fault.name, value: {} })
  }
  return (
    <>
      <Menu position="top-end" shadow="md" width={280}>
        <Menu.Target>
          <Button variant="default" size="xs" h={32} leftSection={<IconBolt size={14} />} rightSection={active.length > 0 ? <Badge size="sm" circle color="red">{active.length}</Badge> : undefined} data-disabled={refused ? true : undefined} aria-disabled={refused ? true : undefined} title={refused ?? 'Break something and see what happens'}>
            Inject fault
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={420} style={{ overflowY: 'auto' }}>
          {refused && <Menu.Label>{refused}</Menu.Label>}
          {active.length > 0 && !refused && <Menu.Label>In force</Menu.Label>}
          {!refused && active.map(({ node, fault }) => (
            <Menu.Item key={`${node} ${fault}`} onClick={() => void useRun.getState().control({ action: 'clear_fault', node, fault })}>
              End “{title(node, fault)}” at {nodeName(useRun.getState(), node)}
            </Menu.Item>
          ))}
          {!refused && nodes.map(({ node, name, faults }) => (
            <div key={node}>
              <Menu.Label>{name}</Menu.Label>
              {faults.map((fault) => <Menu.Item key={fault.name} title={fault.help} onClick={() => inject(node, fault)}>{fault.title}</Menu.Item>)}
            </div>
          ))}
          {!refused && nodes.length === 0 && <Menu.Label>Nothing in this diagram has a fault to inject.</Menu.Label>}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={asked !== null} onClose={() => ask(null)} title={asked ? `${asked.fault.title} · ${nodeName(useRun.getState(), asked.node)}` : ''} centered>
        {asked && <FaultForm key={`${asked.node} ${asked.fault.name}`} node={asked.node} fault={asked.fault} done={() => ask(null)} />}
      </Modal>
    </>
  )
}

function FaultForm({ node, fault, done }: { node: string; fault: Fault; done: () => void }) {
  const properties = Object.entries(fault.parameters.properties ?? {})
  const [texts, setTexts] = useState<Record<string, string>>(() => Object.fromEntries(properties.map(([name, schema]) => [name, initialText(schema)])))
  const read = properties.map(([name, schema]) => [name, readField(schema, texts[name] ?? '')] as const)
  const faulty = read.some(([, one]) => one.problem !== null)
  const submit = () => {
    if (faulty) return
    void useRun.getState().control({ action: 'fault', node, fault: fault.name, value: Object.fromEntries(read.map(([name, one]) => [name, one.value])) })
    done()
  }
  return (
    <form className="live-form" onSubmit={(submitted) => { submitted.preventDefault(); submit() }}>
      <p className="live-note">{fault.help}</p>
      {properties.map(([name, schema], index) => (
        <Field key={name} schema={schema} name={name} text={texts[name] ?? ''} problem={read[index]?.[1].problem ?? null} change={(text) => setTexts({ ...texts, [name]: text })} />
      ))}
      <div className="live-row live-end">
        <Button variant="default" onClick={done}>Cancel</Button>
        <Button type="submit" disabled={faulty}>Inject</Button>
      </div>
    </form>
  )
}

function Field({ schema, name, text, problem, change }: { schema: Schema; name: string; text: string; problem: string | null; change: (text: string) => void }) {
  const label = schema.title ?? name
  if (schema.type === 'boolean') return <Switch label={label} description={schema.description} checked={text === 'true'} onChange={(event) => change(String(event.currentTarget.checked))} />
  if (schema.enum) return <NativeSelect label={label} description={schema.description} data={schema.enum.map(String)} value={text} onChange={(event) => change(event.currentTarget.value)} />
  return <TextInput label={label} description={schema.description} value={text} error={problem} onChange={(event) => change(event.currentTarget.value)} data-autofocus />
}

function initialText(schema: Schema): string {
  if (typeof schema.default === 'number') return exactText(schema.default, schema.unit ?? '')
  return schema.default === undefined || schema.default === null ? '' : String(schema.default)
}

/** A field's value, or what is wrong with its text. */
export function readField(schema: Schema, text: string): { value: unknown; problem: string | null } {
  if (schema.type === 'boolean') return { value: text === 'true', problem: null }
  if (schema.type === 'string' || schema.enum) return { value: text, problem: null }
  const unit = schema.unit ?? ''
  const read = parseQuantity(text, unit)
  if (!read.ok) return { value: null, problem: read.message }
  const { minimum, maximum } = schema
  if (minimum !== undefined && read.value < minimum) return { value: null, problem: `At least ${exactText(minimum, unit)}.` }
  if (maximum !== undefined && read.value > maximum) return { value: null, problem: `At most ${exactText(maximum, unit)}.` }
  if (schema.type === 'integer' && !Number.isInteger(read.value)) return { value: null, problem: 'A whole number.' }
  return { value: read.value, problem: null }
}
