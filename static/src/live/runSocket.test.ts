import { describe, expect, it } from 'vitest'

import { FrameLog } from './frameLog'
import { RunSocket, type SocketLike } from './runSocket'
import type { Frame } from './shapes'

const frame = (seq: number, first_seq?: number): Frame => ({ version: 1, seq, ...(first_seq === undefined ? {} : { first_seq }), time_s: seq, nodes: {}, wires: {}, totals: { created: seq, finished: 0, lost: 0, unfinished: 0 }, load: 1, log: [] }) as unknown as Frame

function watched() {
  const log = new FrameLog()
  const opened: { from: number; sent: unknown[]; socket: SocketLike }[] = []
  const waits: (() => void)[] = []
  const phases: string[] = []
  const socket = new RunSocket({
    open: (from) => {
      const sent: unknown[] = []
      const made: SocketLike = { onopen: null, onmessage: null, onclose: null, onerror: null, send: (text) => { sent.push(JSON.parse(text)) }, close: () => undefined }
      opened.push({ from, sent, socket: made })
      return made
    },
    nextSeq: () => log.lastSeq + 1,
    onFrames: (frames, skipped) => log.append(frames, skipped).askFrom,
    onRun: () => undefined, onControl: () => undefined, onError: () => undefined, onPhase: (phase) => { phases.push(phase) }, backfill: () => Promise.resolve(),
    schedule: (call) => { waits.push(call); return () => undefined }, random: () => 0,
  })
  socket.connect()
  const last = () => opened[opened.length - 1]!
  const tell = (message: unknown) => last().socket.onmessage?.({ data: JSON.stringify(message) })
  return { log, opened, waits, phases, last, tell }
}

describe('the socket of a run', () => {
  it('says what was seen, and takes frames after some that were left out for a slow viewer', () => {
    const { log, last, tell } = watched()
    tell({ type: 'frames', frames: [frame(0), frame(1)] })
    expect(last().sent).toEqual([{ type: 'seen', seq: 1 }])
    tell({ type: 'frames', frames: [frame(500)], skipped: true })
    expect(log.lastSeq).toBe(500)
    expect(log.latest?.totals.created).toBe(500)
    expect(log.gaps).toEqual([[2, 499]])
    log.fill([frame(200, 2), frame(300), frame(499)])
    expect(log.frames.map(({ seq }) => seq)).toEqual([0, 1, 200, 300, 499, 500])
  })

  it('asks again from a gap that nobody told of', () => {
    const { log, opened, tell } = watched()
    tell({ type: 'frames', frames: [frame(0)] })
    tell({ type: 'frames', frames: [frame(5)] })
    expect(opened.map(({ from }) => from)).toEqual([0, 1])
    expect(log.lastSeq).toBe(0)
  })

  it('comes back after the last frame when the connection was lost', () => {
    const { opened, waits, phases, last, tell } = watched()
    tell({ type: 'frames', frames: [frame(0), frame(1), frame(2)] })
    last().socket.onclose?.({ code: 1006, reason: '' })
    expect(phases.at(-1)).toBe('reconnecting')
    waits[0]!()
    expect(opened.map(({ from }) => from)).toEqual([0, 3])
  })
})
