/** The messages of a diagram, as patterns see them: to try a pattern on, and to know which fields there are. */

import type { Graph, GraphNode, GraphWire, Schema, Service, Values } from '../api/types'
import { defaultOf, defaultsOf, fieldOf, resolved } from '../forms/schema'
import { wireSchema } from '../editor/legality'

/** What the pattern is matched with: an event, the record of a queue, that of a stream (its data) or of a topic (its value), the attributes of a message, or its body. */
export type Sight = 'event' | 'record' | 'data' | 'value' | 'attributes' | 'body'

export interface Attributes { [name: string]: { Type: string; Value: string } }
export interface Message { name: string; from: string; attributes: Attributes; body: unknown }

/** Whether objects of this schema describe messages: they have attributes and a body. */
const describesMessages = (schema: Schema) => schema.properties?.['attributes'] !== undefined && schema.properties['body'] !== undefined

const messageOf = (values: Values, name: string, from: string): Message => ({ name: typeof values['name'] === 'string' ? values['name'] : name, from, attributes: (values['attributes'] ?? {}) as Attributes, body: values['body'] ?? null })

function sentBy(node: GraphNode, service: Service | undefined): Message[] {
  return Object.entries(service?.parameters.properties ?? {}).flatMap(([name, property]) => {
    const field = fieldOf(name, property, service!.parameters)
    if (field.kind !== 'list') return []
    const item = resolved(field.schema.items ?? {}, field.root).schema
    const values = node.parameters[name] ?? defaultOf(property, field.root)
    if (!describesMessages(item) || !Array.isArray(values)) return []
    return (values as Values[]).map((one) => messageOf({ ...defaultsOf(item, field.root), ...one }, node.name, node.name))
  })
}

/** The kinds of messages that come to a node, from wherever in the diagram; those of the whole diagram if none comes to it. */
export function messagesTo(graph: Graph, services: Record<string, Service>, node: string | null): Message[] {
  const upstream = node === null ? new Set<string>() : reaching(graph, node)
  const all = (known: (id: string) => boolean): Message[] => {
    const nodes = graph.nodes.filter((one) => known(one.id))
    const wired = graph.wires.filter((wire) => known(wire.from.node) && wire.from.node !== node)
    return [...nodes.flatMap((one) => sentBy(one, services[one.kind])), ...wired.flatMap((wire) => madeOn(graph, services, wire))]
  }
  const near = all((id) => upstream.has(id))
  return near.length ? near : all(() => true)
}

/** What a node sends on a wire that says so itself. */
function madeOn(graph: Graph, services: Record<string, Service>, wire: GraphWire): Message[] {
  const { schema } = wireSchema(services, graph, wire)
  if (!schema || !describesMessages(schema) || (!wire.parameters['body'] && !wire.parameters['attributes'])) return []
  const name = graph.nodes.find((node) => node.id === wire.from.node)?.name ?? wire.from.node
  return [messageOf(wire.parameters, name, name)]
}

/** The nodes from which wires lead to a node, and itself. */
function reaching(graph: Graph, node: string): Set<string> {
  const found = new Set([node])
  for (let grown = true; grown; ) {
    grown = false
    for (const wire of graph.wires) {
      if (found.has(wire.to.node) && !found.has(wire.from.node)) {
        found.add(wire.from.node)
        grown = true
      }
    }
  }
  return found
}

const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The widget of a field, by the port at which a wire comes to the node that is set. */
export function widgetOf(schema: Schema, wires: readonly GraphWire[], node: string | null): string {
  const come = wires.find((wire) => wire.to.node === node && schema.widget_by_port?.[wire.to.port])
  return (come && schema.widget_by_port?.[come.to.port]) ?? schema.widget ?? ''
}

/** What of a message a pattern can name. */
function seen({ name, attributes, body }: Message, sight: Sight): unknown {
  if (sight === 'body') return body
  if (sight === 'data' || sight === 'value') return { [sight]: body }
  if (sight === 'attributes') return Object.fromEntries(Object.entries(attributes).map(([key, entry]) => [key, entry.Type === 'Number' ? Number(entry.Value) : entry.Value]))
  if (sight === 'record') return { body, messageAttributes: Object.fromEntries(Object.entries(attributes).map(([key, entry]) => [key, { stringValue: entry.Value, dataType: entry.Type }])) }
  const isEvent = isObject(body) && typeof body['source'] === 'string' && typeof body['detail-type'] === 'string'
  return isEvent ? body : { source: 'custom', 'detail-type': name, detail: body }
}

/** The fields that a pattern can name, with the values that the diagram's messages have there. */
export function fieldsOf(messages: readonly Message[], sight: Sight): Map<string, Set<string | number | boolean | null>> {
  const found = new Map<string, Set<string | number | boolean | null>>()
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) value.forEach((one) => walk(one, path))
    else if (isObject(value)) Object.entries(value).forEach(([name, one]) => walk(one, path === '' ? name : `${path}.${name}`))
    else if (path !== '' && value !== undefined) found.set(path, (found.get(path) ?? new Set()).add(value as string))
  }
  messages.forEach((message) => walk(seen(message, sight), ''))
  return found
}

const CONDITION: Schema = { type: 'object', properties: { prefix: {}, suffix: {}, 'anything-but': {}, exists: { type: 'boolean' }, numeric: {}, 'equals-ignore-case': {}, cidr: {} } }

/** A JSON Schema of patterns on such messages, for completion. */
export function patternSchema(messages: readonly Message[], sight: Sight): Schema {
  const root: Schema = { type: 'object', properties: {} }
  for (const [path, values] of fieldsOf(messages, sight)) {
    const parts = sight === 'attributes' ? [path] : path.split('.')
    let at = root
    parts.forEach((part, index) => {
      at.properties ??= {}
      at = at.properties[part] ??= index === parts.length - 1 ? { type: 'array', items: { anyOf: [{ enum: [...values] }, CONDITION] } } : { type: 'object' }
    })
  }
  return root
}

/** The message as the tester of patterns takes it. */
export const asked = (message: Message, sight: Sight): unknown => (sight === 'event' ? (isObject(message.body) ? message.body : {}) : { attributes: message.attributes, body: message.body })
