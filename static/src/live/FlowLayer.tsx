import { useReducedMotion } from '@mantine/hooks'
import { useStoreApi } from '@xyflow/react'
import { useEffect, useRef } from 'react'

import { beads, SPEED, spacing, type Way } from './flowing'
import { timePasses, useReplay } from './replay'
import { useRun } from './runStore'
import { strokeWidth, wireOf } from './selectors'
import type { FlowState } from './shapes'

export interface FlowWire { id: string; points: Way }

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
    let inks: Record<string, string> = {}
    let last = performance.now()
    let booked = 0

    const look = () => {
      const style = getComputedStyle(element)
      inks = Object.fromEntries((['flowing', 'saturated', 'throttled', 'failing'] as const).map((state) => [state, style.getPropertyValue(`--${{ flowing: 'accent', saturated: 'amber', throttled: 'orange', failing: 'red' }[state]}`)]))
    }
    const read = () => {
      const { shown: now, before } = useRun.getState()
      strings = wires.flatMap(({ id, points }) => {
        const live = wireOf(id, now, before)
        const apart = live && spacing(live.per_s)
        return live && apart && live.state !== 'idle' ? [{ id, way: points, apart, speed: SPEED[live.state], radius: strokeWidth(live.per_s ?? 0) / 2 + 1.4, state: live.state }] : []
      })
    }
    const draw = (time: number) => {
      booked = 0
      const { width, height, transform: [left, top, zoom] } = store.getState()
      const ratio = Math.min(2, window.devicePixelRatio)
      if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
        element.width = Math.round(width * ratio)
        element.height = Math.round(height * ratio)
      }
      const moving = !reduced && timePasses(useRun.getState())
      const passed_s = Math.min(0.1, Math.max(0, (time - last) / 1000))
      last = time
      context.setTransform(1, 0, 0, 1, 0, 0)
      context.clearRect(0, 0, element.width, element.height)
      context.setTransform(zoom * ratio, 0, 0, zoom * ratio, left * ratio, top * ratio)
      for (const state of ['flowing', 'saturated', 'throttled', 'failing']) {
        context.fillStyle = inks[state] ?? '#888'
        context.beginPath()
        for (const one of strings) {
          if (one.state !== state) continue
          const phase = ((phases.get(one.id) ?? 0) + (moving ? one.speed * passed_s : 0)) % one.apart
          phases.set(one.id, phase)
          const radius = Math.max(one.radius, 1.2 / zoom)
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
      if (moving) book()
    }
    const book = () => { if (booked === 0) booked = requestAnimationFrame(draw) }
    look()
    read()
    book()
    const scheme = new MutationObserver(() => { look(); book() })
    scheme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-mantine-color-scheme'] })
    const stops = [
      store.subscribe((state, before) => { if (state.transform !== before.transform || state.width !== before.width || state.height !== before.height) book() }),
      useRun.subscribe((state, before) => { if (state.shown !== before.shown || state.run !== before.run || state.phase !== before.phase) { read(); book() } }),
      useReplay.subscribe(book),
      () => scheme.disconnect(),
      () => cancelAnimationFrame(booked),
    ]
    return () => { for (const stop of stops) stop() }
  }, [wires, shown, reduced, store])
  if (!shown) return null
  return <canvas ref={canvas} className="live-flow" aria-hidden="true" />
}
