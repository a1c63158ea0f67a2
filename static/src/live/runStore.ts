/**
 * The run being watched: its frames, the moment shown, and what can be done with it.
 *
 * Frames arrive faster than they need be drawn: they are kept at once and published at most once per animation frame.
 * `shown` is the newest frame, or the one at `scrub_s` while the user looks back.
 */

import { create } from 'zustand'

import { useCatalog } from '../api/catalog'
import { api, ApiError } from '../api/client'
import { FrameLog } from './frameLog'
import { failureOf, isOver, RunSocket, sentences, type Phase, type SocketLike } from './runSocket'
import { fullnessOf } from './picture'
import { calmed, rateBase } from './selectors'
import type { Control, Frame, Graph, Report, Run, Services, TimedControl } from './shapes'
import { viewMotion } from './viewMotion'

const FRAMES_PER_REQUEST = 500

export interface LiveState {
  run: Run | null
  phase: Phase
  /** Why the phase is `failed` or `reconnecting`. */
  reason: string | null
  /** The last control or request that was refused, as a sentence. */
  complaint: string | null
  log: FrameLog
  /** Goes up by one whenever frames were published. */
  revision: number
  shown: Frame | null
  /** The frame rates are measured from. */
  before: Frame | null
  scrub_s: number | null
  controls: TimedControl[]
  report: Report | null
  reportProblem: string | null
  /** Index of `shown` in the log, -1 for none. */
  shownIndex: number
  /** The most that filled each node's picture so far. */
  peaks: Record<string, number>
  services: Services
  starting: boolean
  /** Watch a run from its first frame; a run that is over is fetched by REST. `at_s` is the moment to show. */
  watch(runId: string, at_s?: number | null): Promise<void>
  /** Stop watching and forget everything shown. */
  leave(): void
  /** Start a run and watch it. */
  start(order: StartOrder): Promise<Run | null>
  control(control: Control): Promise<void>
  scrub(time_s: number | null): void
  retryNow(): void
  dismissComplaint(): void
}

export interface StartOrder {
  diagram: string
  speed?: number | null
  run?: Record<string, unknown>
}

const nothingShown = () => ({
  run: null, phase: 'none' as Phase, reason: null, complaint: null, log: new FrameLog(), revision: 0, shown: null, shownIndex: -1, before: null,
  scrub_s: null, controls: [], report: null, reportProblem: null, peaks: {},
})

let socket: RunSocket | null = null
let watching = 0
let publishBooked = false

export const useRun = create<LiveState>((set, get) => ({
  ...nothingShown(),
  services: useCatalog.getState().services,
  starting: false,

  watch: async (runId, at_s = null) => {
    get().leave()
    const mine = watching
    set({ phase: 'connecting', scrub_s: at_s })
    try {
      const run = await api.run(runId, viewKey())
      if (mine !== watching) return
      set({ run })
      if (isOver(run)) {
        await fetchFrames(runId, mine)
        if (mine !== watching) return
        const { log, scrub_s } = get()
        if (scrub_s !== null && scrub_s >= (log.latest?.time_s ?? 0)) set({ scrub_s: null })
        ended(run, set)
      } else {
        follow(runId, mine, set, get)
      }
    } catch (error) {
      if (mine === watching) set({ phase: 'failed', reason: sentenceOf(error) })
    }
  },

  leave: () => {
    watching += 1
    socket?.close()
    socket = null
    set(nothingShown())
  },

  start: async (order) => {
    set({ starting: true, complaint: null })
    try {
      const run = await api.startRun(order)
      await get().watch(run.id)
      return run
    } catch (error) {
      set({ complaint: sentenceOf(error) })
      return null
    } finally {
      set({ starting: false })
    }
  },

  control: async (control) => {
    const { run } = get()
    if (!run || isOver(run)) return
    set({ complaint: null })
    if (get().phase === 'live' && socket?.send(control)) return
    try {
      await api.control(run.id, control, viewKey())
    } catch (error) {
      set({ complaint: sentenceOf(error) })
    }
  },

  scrub: (scrub_s) => {
    set({ scrub_s })
    publish()
  },

  retryNow: () => socket?.retryNow(),
  dismissComplaint: () => set({ complaint: null }),
}))

/** The key of a view link, when the page was opened with one. */
export function viewKey(): string | undefined {
  return new URLSearchParams(window.location.search).get('key') ?? undefined
}

/** One text for a person: what went wrong, and the way out if there is one. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) return sentences(error.message, error.detail.hint)
  return error instanceof Error ? error.message : String(error)
}

useCatalog.subscribe(({ services }) => useRun.setState({ services }))

type Setter = typeof useRun.setState

function follow(runId: string, mine: number, set: Setter, get: () => LiveState): void {
  socket = new RunSocket({
    open: (from) => openSocket(runId, from),
    nextSeq: () => get().log.lastSeq + 1,
    onFrames: (frames, skipped) => take(frames, skipped),
    onRun: (run) => {
      // The socket tells the run without its graph, which never changes.
      set((state) => ({ run: { ...state.run, ...run } }))
      if (isOver(run)) publish()
    },
    onControl: (control) => set((state) => ({ controls: [...state.controls, control], run: afterControl(state.run, control) })),
    onError: (error) => set({ complaint: sentences(error.message, error.hint) }),
    onPhase: (phase, reason) => {
      // The server tells every control again at each connection.
      set(phase === 'live' ? { phase, reason, controls: [] } : { phase, reason })
      const { run } = get()
      if ((phase === 'ended' || phase === 'failed') && run && isOver(run)) ended(run, set)
    },
    backfill: () => fetchFrames(runId, mine),
  })
  socket.connect()
}

function openSocket(runId: string, from: number): SocketLike {
  const key = viewKey()
  const scheme = window.location.protocol === 'https:' ? 'wss' : 'ws'
  const address = `${scheme}://${window.location.host}/ws/runs/${runId}/?from=${from}&seen=1${key ? `&key=${encodeURIComponent(key)}` : ''}`
  return new WebSocket(address) as unknown as SocketLike
}

function afterControl(run: Run | null, control: TimedControl): Run | null {
  if (!run) return run
  if (control.action === 'pause') return { ...run, paused: true }
  if (control.action === 'resume') return { ...run, paused: false }
  return control.action === 'speed' ? { ...run, speed: control.value } : run
}

/** Keep frames and book a drawing; the answer is the number to ask for again after a gap. */
export function take(frames: readonly Frame[], skipped = false): number | null {
  const { log } = useRun.getState()
  const { added, askFrom } = log.append(frames, skipped)
  if (added > 0) {
    notePeaks(log, added)
    bookPublish()
  }
  return askFrom
}

async function fetchFrames(runId: string, mine: number): Promise<void> {
  for (;;) {
    const { log } = useRun.getState()
    const page = await api.frames(runId, log.lastSeq + 1, FRAMES_PER_REQUEST, viewKey())
    if (mine !== watching) return
    if (page.frames.length === 0) break
    const before = log.lastSeq
    const { added } = log.append(page.frames, true)
    notePeaks(log, added)
    if (log.lastSeq >= page.last_seq || log.lastSeq === before) break
  }
  publish()
}

function ended(run: Run, set: Setter): void {
  publish()
  if (run.state === 'failed') set({ phase: 'failed', reason: failureOf(run) })
  else set({ phase: 'ended', reason: null })
  void fetchReport(run, watching, set)
  void fillGaps(run.id, watching)
}

/** What a slow connection left out is fetched once nothing more comes. */
async function fillGaps(runId: string, mine: number): Promise<void> {
  const { log } = useRun.getState()
  for (const [from, to] of log.gaps) {
    for (let next = from; next <= to;) {
      const page = await api.frames(runId, next, Math.min(FRAMES_PER_REQUEST, to - next + 1), viewKey()).catch(() => null)
      const last = page?.frames[page.frames.length - 1]
      if (mine !== watching || !page || !last) return
      log.fill(page.frames)
      next = last.seq + 1
    }
  }
  if (mine === watching) publish()
}

async function fetchReport(run: Run, mine: number, set: Setter): Promise<void> {
  try {
    const report = await api.report(run.id, viewKey())
    if (mine !== watching) return
    set((state) => ({ report, controls: report.controls ?? state.controls, reportProblem: null }))
    publish()
  } catch (error) {
    if (mine !== watching) return
    const absent = error instanceof ApiError && error.status === 404
    set({ reportProblem: absent && run.state === 'failed' ? 'A run that failed has no report; the frames up to the failure are kept.' : sentenceOf(error) })
  }
}

function notePeaks(log: FrameLog, added: number): void {
  const state = useRun.getState()
  const kinds = state.run?.graph?.nodes ?? []
  const peaks = state.peaks
  for (let index = Math.max(0, log.frames.length - added); index < log.frames.length; index += 1) {
    const frame = log.frames[index] as Frame
    const before = rateBase(log.frames, index)
    for (const { id, kind } of kinds) peaks[id] = Math.max(peaks[id] ?? 0, fullnessOf(state.services[kind], id, frame, state.services[kind]?.overlay.picture?.shape === 'rates' ? log.frames[index - 1] ?? null : before, wiresFrom(state.run?.graph, id)))
  }
}

const leaving = new WeakMap<Graph, Map<string, string[]>>()
const NONE: readonly string[] = []

/** Ids of the wires that leave a node. */
export function wiresFrom(graph: Graph | undefined, node: string): readonly string[] {
  if (!graph) return NONE
  let found = leaving.get(graph)
  if (!found) {
    found = new Map()
    for (const wire of graph.wires) found.set(wire.from.node, [...(found.get(wire.from.node) ?? []), wire.id])
    leaving.set(graph, found)
  }
  return found.get(node) ?? NONE
}

const MOVING_MS = 400

function bookPublish(): void {
  if (publishBooked) return
  publishBooked = true
  const draw = () => {
    publishBooked = false
    publish()
  }
  // While the view moves, following it smoothly comes first; numbers that slide past cannot be read.
  if (viewMotion.moving) setTimeout(draw, MOVING_MS)
  else if (typeof document !== 'undefined' && !document.hidden) requestAnimationFrame(draw)
  else setTimeout(draw, 250)
}

/** Show the newest frame, or the one looked back at. */
export function publish(): void {
  const { log, scrub_s, revision, shown, shownIndex } = useRun.getState()
  const index = scrub_s === null ? log.frames.length - 1 : log.indexAt(scrub_s)
  const same = index === shownIndex && shown?.seq === log.frames[index]?.seq
  useRun.setState({ shown: same ? shown : calmed(log.frames, index), shownIndex: index, before: rateBase(log.frames, index), revision: revision + 1 })
}
