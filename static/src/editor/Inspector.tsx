/** What is selected: its parameters, what it does in the run, how true the model is, where the numbers come from. */

import { ActionIcon, Anchor, Button, Group, Stack, Tabs, Text, TextInput, Tooltip } from '@mantine/core'
import { IconCopy, IconLayoutAlignBottom, IconLayoutAlignCenter, IconLayoutAlignLeft, IconLayoutAlignMiddle, IconLayoutAlignRight, IconLayoutAlignTop, IconLayoutDistributeHorizontal, IconLayoutDistributeVertical, IconTrash } from '@tabler/icons-react'
import { useEffect, useState } from 'react'

import { useCatalog } from '../api/catalog'
import type { Finding, GraphNode, GraphWire, Service } from '../api/types'
import { ServiceIcon } from '../app/icons'
import { titleOf, useNaming } from '../app/naming'
import { counted, formatExactly, formatQuantity } from '../format'
import { Leftovers } from '../forms/Leftovers'
import { SchemaForm, SourceLine } from '../forms/SchemaForm'
import { NodeLive, usePendingNotes, useRun } from '../live'
import { duplicateSelection } from './clipboard'
import { align, distribute } from './commands'
import { wireSchema } from './legality'
import { ManyForms } from './ManyForms'
import { passOn } from './passOn'
import { ScrollPanel } from './ScrollPanel'
import { useEditor } from './store'

export function Inspector() {
  const selection = useEditor((state) => state.selection)
  const graph = useEditor((state) => state.graph)
  const count = selection.nodes.size + selection.wires.size
  const node = count === 1 ? graph.nodes.find((found) => selection.nodes.has(found.id)) : undefined
  const wire = count === 1 ? graph.wires.find((found) => selection.wires.has(found.id)) : undefined
  if (node) return <NodeInspector key={node.id} node={node} />
  if (wire) return <WireInspector key={wire.id} wire={wire} />
  return count > 1 ? <ManyInspector count={count} /> : <DiagramInspector />
}

function NameInput({ label, value, onCommit, disabled }: { label: string; value: string; onCommit: (text: string) => void; disabled: boolean }) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  return (
    <TextInput
      size="xs" aria-label={label} value={text} disabled={disabled} maxLength={200} onChange={(event) => setText(event.currentTarget.value)} autoComplete="off"
      onBlur={() => { if (text !== value) onCommit(text) }}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key === 'Enter') event.currentTarget.blur()
        if (event.key === 'Escape') setText(value)
      }}
    />
  )
}

function NodeInspector({ node }: { node: GraphNode }) {
  const service = useCatalog((state) => state.services[node.kind])
  const editor = useEditor()
  const neutral = useNaming((state) => state.neutral)
  const running = useRun((state) => state.shown?.nodes[node.id] !== undefined)
  const [tab, setTab] = useState<string | null>(running ? 'live' : 'properties')
  const findings = editor.findings.filter((finding) => finding.node === node.id && !finding.wire)
  const notes = usePendingNotes({ node: node.id }, service?.parameters)
  return (
    <>
      <div className="inspector-head">
        <ServiceIcon kind={node.kind} size={32} />
        <div className="words">
          <NameInput label="Name" value={node.name} disabled={editor.readOnly} onCommit={(text) => editor.rename(node.id, text)} />
          <Text size="xs" c="dimmed">{service ? titleOf(service, neutral) : `Unknown kind: ${node.kind}`}</Text>
        </div>
      </div>
      {service ? (
        <Tabs value={tab} onChange={setTab} className="inspector-tabs" display="flex" style={{ flexDirection: 'column', minHeight: 0, flex: 1 }}>
          <Tabs.List px="sm">
            <Tabs.Tab value="properties">Properties</Tabs.Tab>
            <Tabs.Tab value="live">Live</Tabs.Tab>
            <Tabs.Tab value="fidelity">Fidelity</Tabs.Tab>
            <Tabs.Tab value="about">About</Tabs.Tab>
          </Tabs.List>
          <ScrollPanel label={`${node.name}: ${tab ?? 'properties'}`}>
            {tab === 'properties' && (
              <Stack gap={20}>
                <Findings findings={findings.filter((finding) => !finding.parameter)} />
                <Leftovers schema={service.parameters} values={node.parameters} findings={findings} disabled={editor.readOnly} remove={(name) => editor.setParameters([node.id], name, undefined)} />
                <SchemaForm schema={service.parameters} values={node.parameters} disabled={editor.readOnly} findings={findings} notes={notes} onChange={(name, value) => { editor.setParameters([node.id], name, value); passOn({ node: node.id }, service.parameters, name, value) }} />
                <Quotas service={service} />
              </Stack>
            )}
            {tab === 'live' && (running ? <NodeLive nodeId={node.id} /> : <Text size="sm" c="dimmed">Press Run to see this node at work: its metrics, limits, and what it waits for.</Text>)}
            {tab === 'fidelity' && <Fidelity service={service} />}
            {tab === 'about' && <About service={service} />}
          </ScrollPanel>
        </Tabs>
      ) : (
        <ScrollPanel label="Unknown kind"><Text size="sm">This version of Backwater does not know the kind “{node.kind}”. The node is kept as it is, and the diagram cannot run with it.</Text></ScrollPanel>
      )}
    </>
  )
}

function WireInspector({ wire }: { wire: GraphWire }) {
  const services = useCatalog((state) => state.services)
  const editor = useEditor()
  const { schema, title } = wireSchema(services, editor.graph, wire)
  const nameOf = (id: string) => editor.graph.nodes.find((node) => node.id === id)?.name ?? id
  const findings = editor.findings.filter((finding) => finding.wire === wire.id)
  const notes = usePendingNotes({ wire: wire.id }, schema)
  return (
    <>
      <div className="inspector-head"><div className="words"><Text fw={650} size="lg">{title}</Text><Text size="xs" c="dimmed">{nameOf(wire.from.node)} → {nameOf(wire.to.node)}</Text></div></div>
      <ScrollPanel label="Wire">
        <Stack gap={20}>
          <Findings findings={findings.filter((finding) => !finding.parameter)} />
          <Leftovers schema={schema} values={wire.parameters} findings={findings} disabled={editor.readOnly} remove={(name) => editor.setParameters([wire.id], name, undefined)} />
          {schema ? <SchemaForm schema={schema} values={wire.parameters} disabled={editor.readOnly} findings={findings} notes={notes} onChange={(name, value) => { editor.setParameters([wire.id], name, value); passOn({ wire: wire.id }, schema, name, value) }} /> : <Text size="sm" c="dimmed">This wire has nothing to set.</Text>}
          {!editor.readOnly && <Group><Button size="compact-sm" variant="default" leftSection={<IconTrash size={14} />} onClick={editor.removeSelected}>Delete wire</Button></Group>}
        </Stack>
      </ScrollPanel>
    </>
  )
}

const ARRANGE = [
  ['Align left edges', IconLayoutAlignLeft, () => align('left')], ['Align centres', IconLayoutAlignCenter, () => align('centre')], ['Align right edges', IconLayoutAlignRight, () => align('right')],
  ['Align top edges', IconLayoutAlignTop, () => align('top')], ['Align middles', IconLayoutAlignMiddle, () => align('middle')], ['Align bottom edges', IconLayoutAlignBottom, () => align('bottom')],
  ['Distribute across', IconLayoutDistributeVertical, () => distribute('across')], ['Distribute down', IconLayoutDistributeHorizontal, () => distribute('down')],
] as const

function ManyInspector({ count }: { count: number }) {
  const editor = useEditor()
  return (
    <ScrollPanel label="Selection">
      <Text fw={650} size="lg" mb={4}>{count} selected</Text>
      <Text size="sm" c="dimmed" mb="md">{counted(editor.selection.nodes.size, 'node')}, {counted(editor.selection.wires.size, 'wire')}. Arrow keys move the nodes.</Text>
      {!editor.readOnly && editor.selection.nodes.size > 1 && (
        <Group gap={4} mb="sm" role="group" aria-label="Arrange">
          {ARRANGE.map(([label, Icon, run]) => <Tooltip key={label} label={label}><ActionIcon variant="default" size="md" aria-label={label} onClick={run}><Icon size={16} /></ActionIcon></Tooltip>)}
        </Group>
      )}
      {!editor.readOnly && (
        <Group gap={8}>
          <Button size="compact-sm" variant="default" leftSection={<IconCopy size={14} />} onClick={duplicateSelection}>Duplicate</Button>
          <Button size="compact-sm" variant="default" leftSection={<IconTrash size={14} />} onClick={editor.removeSelected}>Delete</Button>
        </Group>
      )}
      <ManyForms />
    </ScrollPanel>
  )
}

function DiagramInspector() {
  const { run, services, order } = useCatalog()
  const editor = useEditor()
  const shared = order.map((kind) => services[kind]!).filter((service) => service.account_parameters && editor.graph.nodes.some((node) => node.kind === service.kind))
  const runFindings = editor.findings.filter((finding) => !finding.node && !finding.wire)
  return (
    <>
      <div className="inspector-head"><div className="words"><Text fw={650} size="lg">Diagram</Text><Text size="xs" c="dimmed">{counted(editor.graph.nodes.length, 'node')}, {counted(editor.graph.wires.length, 'wire')}</Text></div></div>
      <ScrollPanel label="Diagram">
        <Stack gap={24}>
          <Findings findings={runFindings.filter((finding) => !finding.parameter)} />
          {editor.graph.description && <Text size="sm">{editor.graph.description}</Text>}
          {run && <SchemaForm schema={run} values={editor.graph.run ?? {}} findings={runFindings} disabled={editor.readOnly} onChange={editor.setRun} />}
          {shared.length > 0 && (
            <Stack gap={12}>
              <Text size="sm" fw={650}>Shared in the account and Region</Text>
              {shared.map((service) => <SchemaForm key={service.kind} schema={service.account_parameters!} values={editor.graph.account?.[service.kind] ?? {}} disabled={editor.readOnly} onChange={(name, value) => editor.setAccount(service.kind, name, value)} />)}
            </Stack>
          )}
        </Stack>
      </ScrollPanel>
    </>
  )
}

function Findings({ findings }: { findings: Finding[] }) {
  if (findings.length === 0) return null
  return (
    <Stack gap={6}>
      {findings.map((finding) => (
        <Text key={finding.code + finding.message} size="sm" className={`finding-${finding.severity}`}>{finding.message}{finding.hint && <Text component="span" size="sm" c="dimmed">. {finding.hint}.</Text>}</Text>
      ))}
    </Stack>
  )
}

function Quotas({ service }: { service: Service }) {
  if (service.quotas.length === 0) return null
  return (
    <Stack gap={8} component="section" aria-label="Quotas">
      <h3 className="section-title">AWS quotas</h3>
      {service.quotas.map((quota) => (
        <div key={quota.name}>
          <div className="quota-row"><span>{quota.title}</span><span>{quota.value === null ? quota.note || 'none' : formatExactly(quota.value, quota.unit)}</span></div>
          <Text size="xs" c="dimmed">Per {quota.scope}{quota.adjustable ? ', AWS raises it on request' : ''} · <Anchor href={quota.source.url} target="_blank" rel="noreferrer" size="xs" className="together">source, {quota.source.checked}</Anchor></Text>
        </div>
      ))}
    </Stack>
  )
}

function Fidelity({ service }: { service: Service }) {
  const parts = [['Modelled', service.fidelity.modelled], ['Approximated', service.fidelity.approximated], ['Ignored', service.fidelity.ignored]] as const
  return <>{parts.map(([title, sentences]) => sentences.length > 0 && <section key={title}><h3 className="section-title">{title}</h3><ul className="fidelity-list">{sentences.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul></section>)}</>
}

/** A price for one, or for a million where one costs next to nothing. */
function priceText(usd: number): string {
  return usd !== 0 && usd < 0.001 ? `${formatQuantity(usd * 1e6, 'usd')} per million` : `${formatQuantity(usd, 'usd')} each`
}

function About({ service }: { service: Service }) {
  return (
    <Stack gap={12}>
      <Text size="sm">{service.summary}</Text>
      {service.description.split('\n\n').map((paragraph) => <Text size="sm" key={paragraph}>{paragraph}</Text>)}
      {service.documentation_url && <Anchor href={service.documentation_url} target="_blank" rel="noreferrer" size="sm">AWS documentation</Anchor>}
      {service.prices.length > 0 && (
        <section>
          <h3 className="section-title">Prices</h3>
          {service.prices.map((price) => <div key={price.name} className="price"><div className="quota-row"><span>{price.title}</span><span>{priceText(price.usd)}</span></div><Text size="xs" c="dimmed">Each: {price.per}</Text>{price.tiers.map((tier) => <Text size="xs" c="dimmed" key={tier.above}>Above {formatQuantity(tier.above, 'count')} a month: {priceText(tier.usd)}</Text>)}{price.free && <Text size="xs" c="dimmed">Free each month with the free tier: {formatQuantity(price.free.quantity, 'count')}</Text>}<SourceLine source={price.source} /></div>)}
        </section>
      )}
    </Stack>
  )
}
