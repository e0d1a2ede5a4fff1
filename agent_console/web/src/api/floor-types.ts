/** Shapes of the call floor: agents, queues, supervision, call-backs, nuisance numbers, surge. */

import type { CallView, Iso, Presence } from './types'

/** Someone in a call besides the citizen and the agent who holds it. */
export interface Party {
  party_id: string
  kind: string
  name: string
  number: string
  state: 'ringing' | 'joined' | 'held'
  since: Iso
  agent_id?: string | null
}

export interface FloorAgent extends Presence {
  skills?: Record<string, number>
  groups?: string[]
  calls_today?: number
}

export interface WaitingCall extends CallView {
  priority_reasons?: string[]
  position?: number
  expected_wait_s?: number | null
}

export interface FloorQueue {
  code: string
  name: string
  waiting: number
  /** Places kept for those who have hung up and will be called back. */
  booked: number
  longest_wait_s: number | null
  ready_agents: number
  agents: number
  offered_today: number
  answered_today: number
  service_level_15s: number | null
}

export interface Floor {
  agents: FloorAgent[]
  calls: CallView[]
  waiting: WaitingCall[]
  queues?: FloorQueue[]
  exchange_online: boolean
  /** An answer within so many seconds is in time; for this share of calls it is wanted. */
  service_seconds: number
  long_wait_seconds: number
  target_share: number
}

export interface Queues {
  version: string
  queues: {
    code: string
    name: string
    strategy: string
    groups: { code: string; name: string; after_s: number }[]
    access_numbers: string[]
    greeting: string
  }[]
  groups: { code: string; name: string }[]
  access_numbers: { number: string; name: string; queue: string }[]
}

export interface PhoneBook {
  colleagues: { agent_id: string; name: string; extension: string; state: string; groups: string[] }[]
  experts: { code: string; department: string; name: string; number: string }[]
  emergency: { code: string; name: string; number: string }[]
}

/** Whom to ring: exactly one of these. */
export interface Destination {
  agent_id?: string
  expert?: string
  emergency?: string
  number?: string
  queue?: string
}

export interface CallHistoryEvent {
  at: Iso
  kind: string
  kind_label: string
  actor: string
  actor_name: string
  reason: string
  detail: Record<string, unknown>
}

export interface Supervision {
  call_id: string
  supervisor_id: string
  supervisor_name: string
  kind: string
  since: Iso
}

export interface Alert {
  id: string
  kind: string
  kind_label: string
  at: Iso
  text: string
  call_id: string | null
  agent_id: string | null
  agent_name: string | null
  queue: string
  detail: Record<string, unknown>
  acknowledged_by: string | null
  acknowledged_by_name: string | null
  acknowledged_at: Iso | null
  note: string
  ended_at: Iso | null
}

export interface CallbackTask {
  id: string
  reason: string
  reason_label: string
  state: string
  state_label: string
  citizen_number: string
  queue: string
  lost_at: Iso
  due_at: Iso
  light: string
  priority: number
  attempts: number
  last_attempt_at: Iso | null
  taken_by: string | null
  taken_by_name: string | null
  call_id: string | null
  contact_id: string | null
  outbound_call_id: string | null
  /** Why the number cannot be rung, and what can be done instead; empty: it can be. */
  cannot_call: string
  /** The recording of a message that was left without a call of ours. */
  message_id: string | null
  /** What was alarming in the message or the lost call, in words; empty: nothing. */
  danger: string
  note: string
  version: number
}

export interface CallbackPage {
  items: CallbackTask[]
  next_cursor: string | null
  counts: { open: number; overdue: number; mine: number }
}

export interface BlockedNumber {
  id: string
  number: string
  state: string
  state_label: string
  reason: string
  proposed_by_name: string
  proposed_by?: string
  proposed_at: Iso
  decided_by_name: string | null
  decided_at: Iso | null
  decision_note: string
  ends_at: Iso
  ended_at: Iso | null
  hits: number
  last_hit_at: Iso | null
}

export interface Surge {
  id: string
  title: string
  greeting: string
  order_template: Record<string, string>
  started_at: Iso
  /** Nobody: the system, because calls passed the limit. */
  started_by_name?: string | null
  offered: number
  forecast: number
  ended_at: Iso | null
  note: string
}

export interface SurgeView {
  active: Surge | null
  /** The time that is looked at, as the rules set it. */
  minutes: number
  offered: number
  forecast: number | null
  ratio: number | null
  /** From where on the system starts it by itself; nobody: it never does. */
  limit_ratio: number | null
  history: Surge[]
  /** Whose own work can wait while callers queue. */
  to_be_called: SurgeHelper[]
}

export interface SurgeHelper {
  id: string
  name: string
  extension: string | null
  roles: string[]
}

export interface CallerProfile {
  number: string
  elderly: boolean
  enterprise: boolean
  dialect: boolean
  note: string
  contacts?: number
  last_at?: Iso | null
}

export interface RecordingView {
  id: string
  leg: string
  leg_label: string
  party_name: string
  /** Seconds into the call at which it begins. */
  offset_s: number
  seconds: number
  bytes: number
  sha256: string
  keep_until: Iso
  held: boolean
  deleted_at: Iso | null
  url: string
}

export interface LegalHold {
  id: string
  reason: string
  placed_by_name: string
  placed_at: Iso
  released_by_name: string | null
  released_at: Iso | null
  release_reason: string
}

export interface AccessEntry {
  at: Iso
  staff_name: string
  what: string
  subject: string
  address: string
  reason: string
}

export interface StaffSkills {
  id: string
  name: string
  username: string
  extension: string | null
  skills: Record<string, number>
}
