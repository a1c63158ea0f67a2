import { expect, it } from 'vitest'

import { drawFar, FAR_INKS, type FarCard, type FarInks, type FarWire } from './farDrawing'
import { Stamps } from './farIcons'

/** Notes what is drawn in which colour, as text. */
function paper() {
  const drawn: string[] = []
  const state: Record<string, unknown> = {}
  const context = new Proxy(state, {
    get: (_, name) => state[String(name)] ?? ((...given: unknown[]) => {
      const ink = String(name).startsWith('stroke') ? `${state['strokeStyle']} ${Number(Number(state['lineWidth']).toFixed(3))}` : String(name).startsWith('fill') ? String(state['fillStyle']) : ''
      drawn.push([name, ink, ...given.flat().filter((one) => typeof one !== 'object')].filter((one) => one !== '').join(' '))
    }),
    set: (_, name, value) => { state[String(name)] = value; return true },
  }) as unknown as CanvasRenderingContext2D
  return { context, drawn }
}

const inks = Object.fromEntries(FAR_INKS.map((name) => [name, name])) as FarInks
const card = (id: string, x: number, given: Partial<FarCard> = {}): FarCard => ({ id, x, y: 0, name: `queue ${id}`, icon: { url: undefined, letter: 'Q', line: false }, known: true, selected: false, severity: undefined, state: null, ...given })
const wire = (y: number, given: Partial<FarWire> = {}): FarWire => ({ points: [[0, y], [100, y]], failure: false, state: null, width: 1.5, marked: false, ...given })

function drawing(cards: FarCard[], wires: FarWire[], zoom = 0.2) {
  const { context, drawn } = paper()
  drawFar(context, { width: 400, height: 200, transform: [0, 0, zoom] }, cards, wires, inks, new Stamps(() => {}))
  return drawn
}

it('draws the cards that are in view, and the selected one in the colour of the selection', () => {
  const drawn = drawing([card('a', 0), card('b', 500, { selected: true }), card('c', 5000)], [])
  expect(drawn.filter((one) => one.startsWith('strokeRect'))).toEqual(['strokeRect line 5 0 0 184 64', 'strokeRect accent 12.5 500 0 184 64'])
})

it('writes names only where they can be read, in two lines at most', () => {
  const names = (zoom: number) => drawing([card('with a long name', 0)], [], zoom).filter((one) => one.startsWith('fillText text'))
  expect(names(0.3)).toEqual(['fillText text queue with 56 20.5', 'fillText text a long na… 56 43.5'])
  const many = drawing([card('in-which-nobody-finds-a-way', 0)], [], 0.3).filter((one) => one.startsWith('fillText text'))
  expect(many).toEqual(['fillText text queue in- 56 20.5', 'fillText text which-nob… 56 43.5'])
  expect(names(0.2)).toEqual([])
})

it('draws wires that look alike as one line, the worst last', () => {
  const drawn = drawing([], [wire(0, { state: 'failing' }), wire(10), wire(20, { failure: true }), wire(30)])
  expect(drawn.filter((one) => /^(moveTo|stroke)/.test(one))).toEqual(['moveTo 0 10', 'moveTo 0 30', 'stroke grey 3.5', 'moveTo 0 20', 'stroke grey 3.5', 'moveTo 0 0', 'stroke red 7'])
  expect(drawing([], [wire(0, { marked: true }), wire(10)]).filter((one) => one.startsWith('stroke '))).toEqual(['stroke grey 3.5', 'stroke accent 12.5'])
  expect(drawn.filter((one) => one.startsWith('setLineDash')).slice(0, 3)).toEqual(['setLineDash', 'setLineDash 10 15', 'setLineDash 7.5 10'])
})

it('shows states by shape as well as by colour', () => {
  const shape = (state: FarCard['state']) => drawing([card('a', 0, { state })], []).filter((one) => /^(arc|rect|lineTo) /.test(one)).map((one) => one.split(' ')[0]).join(' ')
  const shapes = (['idle', 'flowing', 'saturated', 'throttled', 'failing'] as const).map(shape)
  expect(new Set(shapes).size).toBe(5)
  expect(drawing([card('a', 0, { state: 'throttled' })], [])).toContain('strokeRect orange 10 0 0 184 64')
})

it('tells errors from warnings by a full badge and a ring', () => {
  expect(drawing([card('a', 0, { severity: 'error' })], [])).toContain('fill red')
  expect(drawing([card('a', 0, { severity: 'warning' })], [])).not.toContain('fill red')
  expect(drawing([card('a', 0, { severity: 'warning' })], []).some((one) => one.startsWith('stroke amber'))).toBe(true)
})
