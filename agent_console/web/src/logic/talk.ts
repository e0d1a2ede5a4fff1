/** A call with several people in it: who is heard by whom, and what may be done next. */

import type { Party } from '@/api/floor-types'
import type { CallView } from '@/api/types'

/** The call as far as an event tells; what the event leaves out stays as it was. */
export function viewOfEvent(
  data: Record<string, unknown>,
  state: string,
  known: CallView | null,
): CallView {
  return {
    ...(known ?? {}),
    call_id: String(data.call_id),
    contact_id: (data.contact_id as string | null) ?? known?.contact_id ?? null,
    direction: String(data.direction),
    state,
    caller_number: String(data.caller_number || known?.caller_number || ''),
    agent_id: String(data.agent_id),
    started_at: known?.started_at ?? String(data.at),
    queued_at: known?.queued_at ?? null,
    answered_at: known?.answered_at ?? null,
    order_id: (data.order_id as string | null) ?? known?.order_id ?? null,
  }
}

/** Those who are rung, consulted or in conference; a shift leader who listens is not among them. */
export function others(call: CallView | null, ownId: string | null | undefined): Party[] {
  return (call?.parties ?? []).filter(
    (party) => party.kind !== 'SUPERVISOR' && !(party.agent_id && party.agent_id === ownId),
  )
}

/** What a colleague who was asked into a call reads of the one who asked. */
export function askerWords(call: CallView, ownId: string | null | undefined): string {
  const own = (call.parties ?? []).find((party) => party.agent_id && party.agent_id === ownId)
  if (call.state === 'DIALLING') return '转来这通电话'
  if (call.state === 'CONFERENCE') return '请您一起三方通话'
  if (own?.state === 'ringing') return '请您协助，正在呼叫您'
  return own?.state === 'held' ? '正与市民通话，请您稍候' : '正在向您咨询'
}

export type CitizenState = 'talking' | 'music'

/** Whether the citizen is heard, or hears music while the agent talks to someone else. */
export function citizenState(call: CallView, parties: readonly Party[]): CitizenState {
  if (call.state === 'HELD') return 'music'
  if (call.state !== 'CONSULTING') return 'talking'
  return parties.some((party) => party.state === 'held') ? 'talking' : 'music'
}

export type TalkAction = 'hold' | 'consult' | 'end' | 'swap' | 'conference' | 'leave' | 'transfer' | 'complete' | 'keys'

/** Why an action is not possible now, in words; null: it is. The server decides in the end. */
export function obstacle(
  action: TalkAction,
  call: CallView | null,
  parties: readonly Party[],
): string | null {
  if (!call) return '没有进行中的通话'
  if (['RINGING', 'DIALLING', 'QUEUED', 'GREETING'].includes(call.state)) return '通话接通后才能操作'
  const ringing = parties.some((party) => party.state === 'ringing')
  switch (action) {
    case 'hold':
      if (call.state === 'CONSULTING') return '咨询时市民已在听音乐'
      return call.state === 'CONFERENCE' ? '三方通话中不能保持' : null
    case 'consult':
    case 'transfer':
      return parties.length > 0 ? '请先结束当前的咨询或三方通话' : null
    case 'end':
      return parties.length > 0 ? null : '没有进行中的咨询'
    case 'keys':
      return ringing ? '对方还没有接听' : null
    case 'leave':
      return call.state === 'CONFERENCE' ? null : '三方通话中才能退出'
    case 'complete':
      // One who still rings gets the call on answering.
      return parties.length > 0 ? null : '请先咨询'
    case 'swap':
    case 'conference':
      if (parties.length === 0) return '请先咨询'
      if (ringing) return '对方还没有接听'
      return call.state === 'CONFERENCE' ? '已在三方通话' : null
  }
}

export type OverState = 'none' | 'soon' | 'over'

const SOON_MS = 60_000

/** How a limit stands: a minute before its end one is warned. */
export function limitState(until: string | null | undefined, now: number): OverState {
  if (!until) return 'none'
  const left = Date.parse(until) - now
  if (left < 0) return 'over'
  return left <= SOON_MS ? 'soon' : 'none'
}
