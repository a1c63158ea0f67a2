import { useReducedMotion } from '@mantine/hooks'
import { useStoreApi } from '@xyflow/react'
import { useEffect, useRef } from 'react'

import { beginDrawing, inksOf, NextFrame, onScheme, sameView } from './canvasLayer'
import { beads, SPEED, spacing, type Way } from './flowing'
import { timePasses, useReplay } from './replay'
import { useRun } from './runStore'
import { strokeWidth, wireOf } from './selectors'
import type { FlowState } from './shapes'

export interface FlowWire { id: string; points: Way }

const INK = { flowing: 'accent', saturated: 'amber', throttled: 'orange', failing: 'red' } as const
const FLOWING = ['flowing', 'saturated', 'throttled', 'failing'] as const
const INKS = Object.values(INK)

interface Bead { way: Way; apart: number; speed: number; radius: number; state: FlowState }

/** Beads on the wires of the canvas. One drawing for all wires: it costs the same for ten wires and for hundreds. */
export function FlowLayer({ wires }: { wires: readonly FlowWire[] }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const store = useStoreApi()
  const reduced = useReducedMotion()
  const shown = useRun((state) => state.shown !== null)
  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (!shown || !element || !context) return undefined
    const phases = new Map<string, number>()
    let strings: (Bead & { id: string })[] = []
    let inks = inksOf(element, INKS)
    let last = performance.now()

    const read = () => {
      const { shown: now, before } = useRun.getState()
      strings = wires.flatMap(({ id, points }) => {
        const live = wireOf(id, now, before)
        const apart = live && spacing(live.per_s)
        return live && apart && live.state !== 'idle' ? [{ id, way: points, apart, speed: SPEED[live.state], radius: strokeWidth(live.per_s ?? 0) / 2 + 1.4, state: live.state }] : []
      })
    }
    const draw = (time: number) => {
      const view = store.getState()
      const { width, height, transform: [left, top, zoom] } = view
      const moving = !reduced && timePasses(useRun.getState())
      const passed_s = Math.min(0.1, Math.max(0, (time - last) / 1000))
      last = time
      beginDrawing(context, view)
      for (const state of FLOWING) {
        context.fillStyle = inks[INK[state]]
        context.beginPath()
        for (const one of strings) {
          if (one.state !== state) continue
          const phase = ((phases.get(one.id) ?? 0) + (moving ? one.speed * passed_s : 0)) % one.apart
          phases.set(one.id, phase)
          const radius = Math.max(one.radius, 1.2 / zoom)
          // Beads that would touch each other are no beads: from so far, the wire's own look has to do.
          if (one.apart < 3 * radius) continue
          beads(one.way, one.apart, phase, (x, y) => {
            const [sx, sy] = [x * zoom + left, y * zoom + top]
            if (sx < -8 || sy < -8 || sx > width + 8 || sy > height + 8) return
            context.moveTo(x + radius, y)
            context.arc(x, y, radius, 0, 2 * Math.PI)
          })
        }
        context.fill()
      }
      element.dataset['beads'] = moving ? 'moving' : 'still'
      if (moving) frame.book()
    }
    const frame = new NextFrame(draw)
    read()
    frame.book()
    const stops = [
      store.subscribe((state, before) => { if (!sameView(state, before)) frame.book() }),
      useRun.subscribe((state, before) => { if (state.shown !== before.shown || state.run !== before.run || state.phase !== before.phase) { read(); frame.book() } }),
      useReplay.subscribe(frame.book),
      onScheme(() => { inks = inksOf(element, INKS); frame.book() }),
      frame.cancel,
    ]
    return () => { for (const stop of stops) stop() }
  }, [wires, shown, reduced, store])
  if (!shown) return null
  return <canvas ref={canvas} className="live-flow" aria-hidden="true" />
}
