/** The parameters of several nodes or wires at once: those of one kind share a form, and what is set there is set on all of them, as one step. */

import { Stack, Text } from '@mantine/core'
import { useState } from 'react'

import { useCatalog } from '../api/catalog'
import type { Graph, GraphNode, GraphWire, Schema, Service } from '../api/types'
import { titleOf, useNaming } from '../app/naming'
import { SchemaForm } from '../forms/SchemaForm'
import { sharedValues } from './alike'
import { wireSchema } from './legality'
import { passOn } from './passOn'
import { useEditor, type Selection } from './store'

interface Kin { key: string; title: string; schema: Schema; of: 'node' | 'wire'; owners: (GraphNode | GraphWire)[] }

/** The selected nodes by kind and wires by what can be set on them, where there are several of each. */
function kinOf(graph: Graph, selection: Selection, services: Record<string, Service>, neutral: boolean): Kin[] {
  const found = new Map<string, Kin>()
  const add = (key: string, kin: Omit<Kin, 'key' | 'owners'>, owner: GraphNode | GraphWire) => {
    const known = found.get(key) ?? { ...kin, key, owners: [] }
    known.owners.push(owner)
    found.set(key, known)
  }
  for (const node of graph.nodes) {
    const service = services[node.kind]
    if (service && selection.nodes.has(node.id)) add(node.kind, { title: titleOf(service, neutral), schema: service.parameters, of: 'node' }, node)
  }
  for (const wire of graph.wires) {
    if (!selection.wires.has(wire.id)) continue
    const { schema, title } = wireSchema(services, graph, wire)
    if (schema) add(`${title} ${Object.keys(schema.properties ?? {}).join()}`, { title, schema, of: 'wire' }, wire)
  }
  return [...found.values()].filter((kin) => kin.owners.length > 1)
}

export function ManyForms() {
  const services = useCatalog((state) => state.services)
  const graph = useEditor((state) => state.graph)
  const selection = useEditor((state) => state.selection)
  const neutral = useNaming((state) => state.neutral)
  const kin = kinOf(graph, selection, services, neutral)
  const [open, setOpen] = useState<string | null>(null)
  const [first] = kin
  if (!first) return null
  return (
    <Stack gap={16} mt="lg">
      {kin.map((one) => (
        <details key={one.key} open={one.key === (open ?? first.key)} onToggle={(event) => { if (event.currentTarget.open) setOpen(one.key) }}>
          <summary className="many-title">{one.owners.length} × {one.title}</summary>
          <KinForm kin={one} />
        </details>
      ))}
    </Stack>
  )
}

function KinForm({ kin }: { kin: Kin }) {
  const readOnly = useEditor((state) => state.readOnly)
  const findings = useEditor((state) => state.findings)
  const { values, mixed } = sharedValues(kin.owners.map((owner) => owner.parameters), kin.schema)
  const change = (name: string, value: unknown) => {
    useEditor.getState().setParameters(kin.owners.map((owner) => owner.id), name, value)
    for (const { id } of kin.owners) passOn(kin.of === 'node' ? { node: id } : { wire: id }, kin.schema, name, value)
  }
  const ids = new Set(kin.owners.map((owner) => owner.id))
  const theirs = findings.filter((finding) => ids.has((kin.of === 'node' ? finding.node : finding.wire) ?? ''))
  return (
    <Stack gap={12} mt={8}>
      <Text size="xs" c="dimmed">What is set here is set on all {kin.owners.length}.</Text>
      <SchemaForm schema={kin.schema} values={values} mixed={mixed} disabled={readOnly} findings={theirs} onChange={change} />
    </Stack>
  )
}
