import { describe, expect, it } from 'vitest'

import type { Graph, Service } from '../api/types'
import { fieldsOf, messagesTo, patternSchema, widgetOf } from './messages'

const types = (name: string, body: unknown) => ({ types: [{ name, body, attributes: { kind: { Type: 'String', Value: name }, size: { Type: 'Number', Value: '3' } } }] })
const source = {
  kind: 'source', ports: [], ports_follow: [],
  parameters: { properties: { types: { type: 'array', default: [{ name: 'usual' }], items: { type: 'object', properties: { name: { type: 'string', default: 'message' }, attributes: { type: 'object', default: {} }, body: { default: null } } } } } },
} as unknown as Service
const other = { kind: 'other', ports: [], ports_follow: [], parameters: { properties: {} } } as unknown as Service
const graph: Graph = {
  version: 1, name: '',
  nodes: [{ id: 'a', kind: 'source', name: 'A', parameters: types('order', { total: 5, items: [{ id: 'x' }, { id: 'y' }] }) }, { id: 'b', kind: 'source', name: 'B', parameters: {} }, { id: 'bus', kind: 'other', name: 'bus', parameters: {} }, { id: 'end', kind: 'other', name: 'end', parameters: {} }],
  wires: [{ id: 'w1', from: { node: 'a', port: 'out' }, to: { node: 'bus', port: 'in' }, parameters: {} }, { id: 'w2', from: { node: 'bus', port: 'out' }, to: { node: 'end', port: 'in' }, parameters: {} }],
}
const services = { source, other }

describe('the messages of a diagram', () => {
  it('are those that come to a node, however far', () => {
    expect(messagesTo(graph, services, 'end').map(({ name, from }) => [name, from])).toEqual([['order', 'A']])
  })
  it('are all of them where none comes', () => {
    expect(messagesTo({ ...graph, wires: [] }, services, 'end').map(({ name }) => name)).toEqual(['order', 'usual'])
  })
  it('have the fields that a pattern can name', () => {
    const messages = messagesTo(graph, services, 'bus')
    expect([...fieldsOf(messages, 'event')].map(([path, values]) => [path, ...values])).toEqual([['source', 'custom'], ['detail-type', 'order'], ['detail.total', 5], ['detail.items.id', 'x', 'y']])
    expect([...fieldsOf(messages, 'attributes').keys()]).toEqual(['kind', 'size'])
    expect([...fieldsOf(messages, 'attributes').get('size')!]).toEqual([3])
    expect([...fieldsOf(messages, 'record').keys()]).toContain('messageAttributes.kind.stringValue')
    expect([...fieldsOf(messages, 'data').keys()]).toEqual(['data.total', 'data.items.id'])
    expect(patternSchema(messages, 'event').properties!['detail']!.properties!['total']!.items!.anyOf![0]).toEqual({ enum: [5] })
  })
})

describe('the widget of a pattern', () => {
  const schema = { widget: 'record_pattern', widget_by_port: { stream: 'data_pattern' } }
  const into = (port: string) => [{ id: 'w', from: { node: 'a', port: 'out' }, to: { node: 'p', port }, parameters: {} }]
  it('is that of the port where what it filters comes in', () => {
    expect(widgetOf(schema, into('stream'), 'p')).toBe('data_pattern')
    expect(widgetOf(schema, into('source'), 'p')).toBe('record_pattern')
    expect(widgetOf(schema, into('stream'), 'other')).toBe('record_pattern')
    expect(widgetOf({ widget: 'event_pattern' }, into('stream'), 'p')).toBe('event_pattern')
  })
})
