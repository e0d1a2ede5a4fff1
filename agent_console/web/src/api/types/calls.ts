/** The seat, the call in hand, calls of the past and what was said in them. */

import type { Party } from '../floor-types'
import type { Iso, OpenedPage } from './common'
import type { SpeechStatus } from './reference'
import type { Understanding } from './understanding'

export interface Presence {
  agent_id: string
  agent_name: string
  extension: string
  state: string
  since: Iso
  reason: string
  call_id: string | null
  until: Iso | null
  phone_online: boolean
  wrap_up_extended?: boolean
  wrap_up_extendable?: boolean
  /** When a break should be over. */
  break_limit_at?: Iso | null
  /** Longer in this state than its limit. */
  overrun?: boolean
}

export interface SipAccount {
  extension: string
  password: string
  domain: string
}

export interface SignInAnswer {
  account: SipAccount
  sip_path: string
  /** This page's right to the telephone, until a later one is given out. They sort by time. */
  seat: string
  presence: Presence
  ice_servers: RTCIceServer[]
}

export interface CallView {
  call_id: string
  contact_id: string | null
  direction: string
  state: string
  caller_number: string
  agent_id: string | null
  agent_name?: string
  /** The agent has gone; citizen and third party talk on. */
  agent_left?: boolean
  started_at: Iso
  queued_at: Iso | null
  answered_at: Iso | null
  order_id: string | null
  queue?: string
  access_number?: string
  priority?: number
  priority_reasons?: string[]
  parties?: Party[]
  satisfaction?: string | null
  transfers?: number
  callback_id?: string | null
}

export interface AgentView {
  presence: Presence
  call: CallView | null
  draft: DraftView | null
  /** The page that has the telephone; null: not known. */
  seat: string | null
}

export interface DraftView {
  content: Record<string, unknown>
  updated_at: Iso
  /** The order that was opened from it. */
  order_id?: string | null
}

export interface CallRow {
  id: string
  direction: string
  citizen_number: string
  agent_name: string | null
  started_at: Iso
  answered_at: Iso | null
  ended_at: Iso | null
  outcome: string
  reason: string
  order_nos: string[]
  duration_s: number | null
}

export interface CallPage extends OpenedPage<CallRow> {
  /** Whose calls these are, when a line of the nuisance list was opened. */
  number: string
}

/** Who spoke, of all besides the citizen. */
export interface Speaker {
  party_id: string
  kind: string
  name: string
}

export interface UtteranceView {
  utterance_id: string
  leg: string
  /** Null: the citizen, or not known. */
  speaker?: Speaker | null
  start: number
  end: number
  text: string
  raw?: string
  confidence?: number
  /** Names put in place of words that sound like them. */
  corrections?: Correction[]
}

export interface Correction {
  start: number
  heard: string
  written: string
  /** A reader took it back: the text holds `heard` again. */
  undone: boolean
}

export interface CallDetail {
  call: CallView & {
    outcome: string
    reason: string
    ended_at: Iso | null
    /** Seconds of talk, without the question for a grade. */
    duration_s: number | null
    citizen_recording: boolean
    agent_recording: boolean
    transcript_incomplete: boolean
    /** Share of the recording that the transcript was made from, 0–1; null: not known yet. */
    transcript_coverage: number | null
    speech_model: string
    agent_name: string | null
  }
  utterances: UtteranceView[]
  understanding: Understanding | null
  speech: SpeechStatus
  /** By leg, of a running call: LIVE, SENTENCES or RECORDING. */
  speech_modes?: Record<string, string>
  caller: {
    number: string
    recent_orders: { id: string; order_no: string; title: string; state: string; accepted_at: Iso }[]
    recent_contacts: number
  }
  /** The order of this call is the reader's to write. */
  writes_order: boolean
}
