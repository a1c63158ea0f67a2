import { getViewportForBounds } from '@xyflow/react'
import { expect, it } from 'vitest'

import { paddingClearOf } from './fitting'
import { around } from './guides'

const CANVAS = { width: 880, height: 560 }
const CORNER = { width: 170, height: 120 }
const at = (x: number, y: number) => ({ x, y, width: 184, height: 64 })

it('leaves the usual padding where nothing lies in the corner', () => {
  const boxes = [at(0, 0), at(300, 0), at(600, 0), at(300, 300)]
  expect(paddingClearOf(CORNER, boxes, around(boxes), CANVAS)).toBe(0.15)
})

it('keeps the corner clear on the side where that costs less', () => {
  for (const [boxes, side] of [[[at(0, 0), at(1500, 700)], 'bottom'], [[at(0, 0), at(1000, 900)], 'right']] as const) {
    const padding = paddingClearOf(CORNER, boxes, around(boxes), CANVAS)
    expect(padding).toHaveProperty(side)
    const { x, y, zoom } = getViewportForBounds(around(boxes), CANVAS.width, CANVAS.height, 0.15, 1, padding)
    for (const box of boxes) expect(x + (box.x + box.width) * zoom <= CANVAS.width - CORNER.width || y + (box.y + box.height) * zoom <= CANVAS.height - CORNER.height).toBe(true)
  }
})
