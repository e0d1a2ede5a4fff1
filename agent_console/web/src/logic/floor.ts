/** The call floor, reckoned from what the server says. */

import type { FloorAgent, WaitingCall } from '@/api/floor-types'
import { limitState, type OverState } from './talk'

/** What needs an eye comes first; those who are away or gone come last. */
const ORDER = [
  'RINGING',
  'CONFERENCE',
  'CONSULT',
  'HOLD',
  'TALKING',
  'OUTBOUND',
  'WRAP_UP',
  'READY',
  'BUSY',
  'REST',
  'MEAL',
  'TRAINING',
  'MEETING',
  'OFFLINE',
]

/** By extension, so that rows keep their places while states change; the signed-out last. */
export function orderedAgents<T extends FloorAgent>(agents: readonly T[]): T[] {
  const gone = (agent: T) => (agent.state === 'OFFLINE' ? 1 : 0)
  return [...agents].sort(
    (a, b) => gone(a) - gone(b) || a.extension.localeCompare(b.extension, 'en', { numeric: true }),
  )
}

export interface StateCount {
  state: string
  count: number
}

export function stateCounts(agents: readonly FloorAgent[]): StateCount[] {
  return ORDER.map((state) => ({
    state,
    count: agents.filter((agent) => agent.state === state).length,
  })).filter(({ count }) => count > 0)
}

/** Who has a call on the line cannot be put into a state; who still writes it down can. */
export function inCall(agent: FloorAgent): boolean {
  return !!agent.call_id && agent.state !== 'WRAP_UP'
}

export type Tone = 'free' | 'talk' | 'ring' | 'hold' | 'after' | 'away' | 'off'

export function toneOf(state: string): Tone {
  if (state === 'READY') return 'free'
  if (state === 'RINGING') return 'ring'
  if (['TALKING', 'OUTBOUND', 'CONFERENCE'].includes(state)) return 'talk'
  if (['HOLD', 'CONSULT'].includes(state)) return 'hold'
  if (state === 'WRAP_UP') return 'after'
  return state === 'OFFLINE' ? 'off' : 'away'
}

/** Whether someone is longer in a state than its limit; by the server's word or by the clock. */
export function overrunOf(agent: FloorAgent, now: number): OverState {
  if (agent.overrun) return 'over'
  const limit = agent.break_limit_at ?? (agent.state === 'WRAP_UP' ? null : agent.until)
  return limitState(limit, now)
}

/** Seconds beyond the limit; negative: left. */
export function beyondLimit(agent: FloorAgent, now: number): number | null {
  const limit = agent.break_limit_at ?? agent.until
  return limit ? (now - Date.parse(limit)) / 1000 : null
}

/** In the order in which they will be served. */
export function inLine(waiting: readonly WaitingCall[]): WaitingCall[] {
  const begun = (call: WaitingCall) => call.queued_at ?? call.started_at
  return [...waiting].sort(
    (a, b) =>
      (a.queue ?? '').localeCompare(b.queue ?? '') ||
      (a.position ?? 0) - (b.position ?? 0) ||
      (b.priority ?? 0) - (a.priority ?? 0) ||
      begun(a).localeCompare(begun(b)),
  )
}

export type WaitLevel = 'fine' | 'long' | 'too-long'

/** `inTime`, `tooLong`: seconds, as the rules have them. */
export function waitLevel(seconds: number, inTime: number, tooLong: number): WaitLevel {
  if (seconds >= tooLong) return 'too-long'
  return seconds > inTime ? 'long' : 'fine'
}

export type LevelGrade = 'good' | 'bad' | 'none'

/** Against the share that is wanted: the same for the floor's page and the wall. */
export function levelGrade(share: number | null | undefined, target: number): LevelGrade {
  if (share === null || share === undefined) return 'none'
  return share >= target ? 'good' : 'bad'
}

/** What it means, before it is done. */
export function effectOf(kind: string, agentLeft = false): string {
  return (agentLeft && EFFECTS_WITHOUT_AGENT[kind]) || (EFFECTS[kind] ?? '')
}

/** Where the agent has left citizen and third party to themselves. */
const EFFECTS_WITHOUT_AGENT: Record<string, string> = {
  LISTEN: '您听到各方说话，各方听不到您。',
  BARGE_IN: '您加入通话，市民和第三方都听到您说话。',
  TAKE_OVER: '您与市民、第三方三方通话，通话归到您名下，可随时请出第三方。',
  FORCE_HANG_UP: '通话立即结束，市民和第三方都会被挂断。',
}

const EFFECTS: Record<string, string> = {
  LISTEN: '您听到双方说话，坐席和市民听不到您。',
  WHISPER: '只有坐席听到您说话，市民听不到。',
  BARGE_IN: '您加入通话，坐席和市民都听到您说话。',
  TAKE_OVER: '坐席退出，由您与市民继续通话，通话归到您名下。',
  FORCE_HANG_UP: '通话立即结束，市民和坐席都会被挂断。',
  PICK_UP: '这位市民不再排队，直接接到您的话机。',
  FORCE_STATE: '坐席的状态立即改变，坐席会看到。',
}
