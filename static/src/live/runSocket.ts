/**
 * The websocket of one run: connects, resumes after the last frame, backs off when the server is away.
 *
 * It knows nothing of React or the DOM: the socket, the timer and the random number come from outside, so that every
 * path can be tested. The receiver of frames says which number to ask for again when there is a gap.
 */

import type { Control, ErrorDetail, Frame, Run, ServerMessage, TimedControl } from './shapes'

export type Phase = 'none' | 'connecting' | 'live' | 'reconnecting' | 'ended' | 'failed'

export interface SocketLike {
  onopen: (() => void) | null
  onmessage: ((message: { data: unknown }) => void) | null
  onclose: ((closing: { code: number; reason: string }) => void) | null
  onerror: (() => void) | null
  send(text: string): void
  close(): void
}

export interface RunSocketOptions {
  /** Open a socket that sends frames from this sequence number on. */
  open(from: number): SocketLike
  /** The number of the first frame still wanted. */
  nextSeq(): number
  /** Take frames, before which others may have been left out; the answer is the number to ask for again after a gap, or null. */
  onFrames(frames: Frame[], skipped: boolean): number | null
  onRun(run: Run): void
  onControl(control: TimedControl): void
  onError(error: ErrorDetail): void
  /** Besides phases: the server tells all controls again at each connection. */
  onPhase(phase: Phase, reason: string | null): void
  /** Fetch what is left by REST when a finished run's socket closed early. */
  backfill(): Promise<void>
  schedule?(call: () => void, wait_ms: number): () => void
  random?(): number
}

export const FIRST_WAIT_MS = 400
export const LONGEST_WAIT_MS = 15_000
/** Close codes by which the server says that trying again is useless. */
const REFUSED_CODES: ReadonlySet<number> = new Set([1008, 4400, 4401, 4403, 4404])

export const isOver = (run: Run | null): boolean => run !== null && ['finished', 'stopped', 'failed'].includes(run.state)

export class RunSocket {
  private socket: SocketLike | null = null
  private cancelWait: (() => void) | null = null
  private attempts = 0
  private run: Run | null = null
  private refusal: ErrorDetail | null = null
  private closed = false

  constructor(private readonly options: RunSocketOptions) {}

  connect(): void {
    if (this.closed) return
    this.cancelWait?.()
    this.options.onPhase(this.attempts === 0 ? 'connecting' : 'reconnecting', null)
    const socket = this.options.open(this.options.nextSeq())
    this.socket = socket
    socket.onmessage = (message) => this.socket === socket && this.receive(String(message.data))
    socket.onclose = (closing) => this.socket === socket && this.dropped(closing.code, closing.reason)
    socket.onerror = null
    socket.onopen = () => {
      if (this.socket === socket) this.options.onPhase('live', null)
    }
  }

  /** Try at once instead of waiting for the back-off to end. */
  retryNow(): void {
    if (this.socket === null && !this.closed) this.connect()
  }

  /** Send a control; false when there is no open socket to carry it. */
  send(control: Control): boolean {
    if (this.socket === null) return false
    try {
      this.socket.send(JSON.stringify({ type: 'control', control }))
      return true
    } catch {
      return false
    }
  }

  close(): void {
    this.closed = true
    this.cancelWait?.()
    this.letGo()
  }

  private receive(text: string): void {
    let message: ServerMessage
    try {
      message = JSON.parse(text) as ServerMessage
    } catch {
      this.options.onError({ code: 'unreadable-message', message: 'The server sent a message that is not JSON', hint: 'Reload the page', findings: [] })
      return
    }
    this.attempts = 0
    if (message.type === 'frames') this.takeFrames(message.frames, message.skipped ?? false)
    else if (message.type === 'run') this.takeRun(message.run)
    else if (message.type === 'control') this.options.onControl(message.control)
    else if (message.type === 'error') this.takeError(message.error)
  }

  private takeFrames(frames: Frame[], skipped: boolean): void {
    if (this.options.onFrames(frames, skipped) !== null) {
      this.letGo()
      this.connect()
      return
    }
    // The server sends no more than a few messages to who has not said so.
    const last = frames[frames.length - 1]
    if (last) this.socket?.send(JSON.stringify({ type: 'seen', seq: last.seq }))
    this.endIfComplete()
  }

  private takeRun(run: Run): void {
    this.run = run
    this.options.onRun(run)
    this.endIfComplete()
  }

  private takeError(error: ErrorDetail): void {
    this.refusal = error
    this.options.onError(error)
  }

  private endIfComplete(): void {
    if (!isOver(this.run) || this.options.nextSeq() <= (this.run as Run).last_seq) return
    this.finish()
  }

  private finish(): void {
    this.close()
    const run = this.run as Run
    if (run.state === 'failed') this.options.onPhase('failed', failureOf(run))
    else this.options.onPhase('ended', null)
  }

  private dropped(code: number, reason: string): void {
    this.letGo()
    if (isOver(this.run)) {
      this.options.backfill().then(() => this.finish(), () => this.wait('The last frames could not be fetched.'))
    } else if (REFUSED_CODES.has(code)) {
      this.closed = true
      this.options.onPhase('failed', (this.refusal ? sentences(this.refusal.message, this.refusal.hint) : null) ?? (reason || 'The server refused to show this run.'))
    } else {
      this.wait('The connection was lost.')
    }
  }

  private wait(reason: string): void {
    const { schedule = defaultSchedule, random = Math.random } = this.options
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.attempts)
    this.attempts += 1
    this.options.onPhase('reconnecting', reason)
    this.cancelWait = schedule(() => this.connect(), longest * (0.5 + random() / 2))
  }

  private letGo(): void {
    const socket = this.socket
    this.socket = null
    socket?.close()
  }
}

/** Why a run failed, as a sentence; a failed run always has a reason to show. */
export function failureOf(run: Run): string {
  return run.error ? sentences(run.error.message, run.error.hint) : 'The simulation stopped unexpectedly.'
}

/** Sentences as one text, each with its full stop. */
export function sentences(...parts: (string | null | undefined)[]): string {
  return parts.filter((part): part is string => Boolean(part)).map((part) => (/[.!?…]$/.test(part) ? part : `${part}.`)).join(' ')
}

function defaultSchedule(call: () => void, wait_ms: number): () => void {
  const timer = setTimeout(call, wait_ms)
  return () => clearTimeout(timer)
}
