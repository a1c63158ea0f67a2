import { describe, expect, it } from 'vitest'

import { graphOf, port, services, wire } from '../testing/services'
import { between, fits, illegal, landing, wireSchema } from './legality'

const of = (kind: string, name: string) => services[kind]!.ports.find((one) => one.name === name)!

describe('which wires are legal', () => {
  it('needs the same verb and a shared action', () => {
    expect(fits(of('basin', 'out'), of('mill', 'pulls'))).toBe(true)
    expect(fits(of('basin', 'out'), of('mill', 'asked'))).toBe(false)
    expect(fits(of('basin', 'spill'), of('log', 'in'))).toBe(false)
    expect(fits(of('mill', 'calls'), of('log', 'in'))).toBe(true)
  })

  it('lets “*” share with every action, but never another verb', () => {
    expect(fits(of('spring', 'out'), of('log', 'in'))).toBe(true)
    expect(fits(of('spring', 'out'), of('mill', 'asked'))).toBe(false)
    expect(fits(of('spring', 'requests'), of('mill', 'asked'))).toBe(true)
  })

  it('goes from an output to an input only', () => {
    expect(fits(of('log', 'in'), of('basin', 'in'))).toBe(false)
    expect(illegal(of('log', 'in'), of('basin', 'in'))).toContain('output')
  })

  it('says why not, naming both ports', () => {
    const reason = illegal(of('basin', 'out'), port({ name: 'Door', direction: 'in', verb: 'send', actions: ['*'] }))!
    expect(reason).toContain('out')
    expect(reason).toContain('Door')
  })
})

describe('where a dropped wire lands', () => {
  const graph = graphOf({ s: 'spring', b: 'basin', m: 'mill', l: 'log' })

  it('finds the legal port among several', () => {
    expect(landing(services, graph, { node: 'b', port: 'out' }, 'm')).toEqual({ port: 'pulls', reason: null })
    expect(landing(services, graph, { node: 's', port: 'requests' }, 'm')).toEqual({ port: 'asked', reason: null })
  })

  it('keeps to the port that was aimed at', () => {
    expect(landing(services, graph, { node: 'b', port: 'out' }, 'm', 'asked').port).toBeNull()
  })

  it('names what could stand between', () => {
    expect(between(services, of('spring', 'out'), of('mill', 'pulls')).map((one) => one.kind)).toEqual(['basin'])
    expect(landing(services, graph, { node: 's', port: 'out' }, 'm', 'pulls').reason).toContain('The basin')
  })

  it('refuses a second wire of the same two ports, and more wires than a port takes', () => {
    const wired = graphOf({ b: 'basin', c: 'basin', d: 'basin' }, [wire('w1', 'b.spill', 'c.in')])
    expect(landing(services, wired, { node: 'b', port: 'spill' }, 'c').reason).toMatch(/already/)
    expect(landing(services, wired, { node: 'b', port: 'spill' }, 'd').reason).toMatch(/1 wire only/)
    expect(landing(services, wired, { node: 'c', port: 'spill' }, 'd').port).toBe('in')
  })

  it('refuses nodes of unknown kinds and nodes without inputs', () => {
    const strange = graphOf({ b: 'basin', x: 'gone', s: 'spring' })
    expect(landing(services, strange, { node: 'b', port: 'out' }, 'x').reason).toMatch(/unknown/)
    expect(landing(services, strange, { node: 'b', port: 'out' }, 's').port).toBeNull()
  })
})

it('takes a wire’s parameters from its first port, else from its second', () => {
  const graph = graphOf({ b: 'basin', m: 'mill', l: 'log' })
  expect(wireSchema(services, graph, wire('w', 'b.out', 'm.pulls')).title).toBe('Pulling')
  expect(wireSchema(services, graph, wire('w', 'b.out', 'm.pulls')).schema?.properties).toHaveProperty('batch_size')
  expect(wireSchema(services, graph, wire('w', 'm.calls', 'l.in')).schema).toBeNull()
})
