/** Shapes of the console's API. Times are ISO 8601 UTC strings; codes are vocabulary codes. */

import type { Party } from './floor-types'

export type Iso = string

export interface StaffView {
  id: string
  username: string
  name: string
  roles: string[]
  department: string
  department_name: string
  extension: string | null
}

export interface Me {
  staff: StaffView
  permissions: string[]
  demo: boolean
}

export interface Label {
  code: string
  label: string
}

export type Vocabulary = Record<string, Label[]>

export interface Department {
  code: string
  name: string
  short_name: string
  kind: string
  parent: string | null
}

export interface TaxonomyNode {
  code: string
  name: string
  children?: TaxonomyNode[]
}

export interface Taxonomy {
  version: string
  nodes: TaxonomyNode[]
}

export interface SpeechStatus {
  available: boolean
  model: string
  practice: boolean
  reason: string
}

export interface DemoAccount {
  username: string
  password: string
  name: string
  roles: string[]
  department_name: string
}

export interface SystemStatus {
  version: string
  exchange: { online: boolean; reason: string }
  speech: SpeechStatus
  text_model: { version: string } | null
  area_name: string
  hotline_number: string
  practice_phones: boolean
  demo: boolean
  /** Only for a browser on the server's own machine. */
  demo_accounts: DemoAccount[]
}

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

export interface CallView {
  call_id: string
  contact_id: string | null
  direction: string
  state: string
  caller_number: string
  agent_id: string | null
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

export interface SipAccount {
  extension: string
  password: string
  domain: string
}

export interface SignInAnswer {
  account: SipAccount
  sip_path: string
  presence: Presence
  ice_servers: RTCIceServer[]
}

export interface AgentView {
  presence: Presence
  call: CallView | null
  draft: DraftView | null
}

export interface DraftView {
  content: Record<string, unknown>
  updated_at: Iso
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

export interface Page<T> {
  items: T[]
  next_cursor: string | null
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
}

export interface Candidate {
  code: string
  name: string
  confidence: number
  reason: string
  path: string[]
}

export interface Fact {
  kind: string
  text: string
  value: string
  span: { start: number; end: number }
  resolved: Iso | null
}

export interface Understanding {
  request_types: Candidate[]
  categories: Candidate[]
  departments: Candidate[]
  urgency: string
  urgency_reason: string
  title: string
  facts: Fact[]
  model_version: string
  /** Where the machine abstains, and why. */
  doubts?: Doubt[]
}

export interface Doubt {
  field: 'request_type' | 'category' | 'department'
  reason: string
}

export interface CallDetail {
  call: CallView & {
    outcome: string
    reason: string
    ended_at: Iso | null
    citizen_recording: boolean
    agent_recording: boolean
    transcript_incomplete: boolean
    speech_model: string
    agent_name: string | null
  }
  utterances: UtteranceView[]
  understanding: Understanding | null
  speech: SpeechStatus
  caller: {
    number: string
    recent_orders: { id: string; order_no: string; title: string; state: string; accepted_at: Iso }[]
    recent_contacts: number
  }
}

/** What an agent fills in for a new order. */
export interface OrderForm {
  request_type: string
  category: string
  urgency: string
  title: string
  content: string
  demand: string
  place: string
  occurred: string
  caller_name: string
  caller_phone: string
  callback_phone: string
  confidential: boolean
  want_reply: boolean
  lead_department: string
}

export interface OrderRow {
  id: string
  order_no: string
  title: string
  state: string
  request_type: string
  category_name: string
  urgency: string
  lead_department: string
  lead_department_name: string
  accepted_at: Iso
  due_at: Iso | null
  light: string
  task_state: string | null
  version: number
  place: string
  redo_count: number
  sent_back_count: number
  /** In a unit's inbox. */
  sign_due: Iso | null
  attempts: number | null
  advice: string
  /** The reader submitted it and may not audit it. */
  own: boolean
}

export interface Change {
  field: string
  label: string
  before: unknown
  after: unknown
}

export interface AuditView {
  at: Iso
  passed: boolean
  quality_items: Record<string, number | null>
  quality: number | null
  process_items: Record<string, number | null>
  process: number | null
  reason: string
  auditor_name: string
}

export interface FollowUpView {
  at: Iso
  call_id: string | null
  reached: boolean
  contacted: boolean | null
  solved: string | null
  satisfaction: string | null
  service_satisfaction: string | null
  note: string
  staff_name: string
}

export interface AllowedAction {
  action: string
  label: string
  needs?: string[]
}

export interface SheetItem {
  code: string
  name: string
  max: number
}

/** One promise: until when, why then, and whether it was kept. */
export interface ClockView {
  name: string
  label: string
  start: Iso
  due: Iso
  provisional: boolean
  explanation: string
  done_at: Iso | null
  light: string
  /** null while it runs. */
  kept: boolean | null
}

export interface TaskView {
  id: string
  department: string
  department_name: string
  role: string
  state: string
  note: string
  dispatched_at: Iso
  signed_at: Iso | null
  first_contacted_at: Iso | null
  first_contact: { person: string; phone: string; reached: boolean; note: string } | null
  due_at: Iso
  light: string
  submitted_at: Iso | null
  fact_finding: string | null
  demand_finding: string | null
  outcome: string | null
  unresolved_reason: string
  public_answer: string
  /** null: not for this reader. */
  internal_note: string | null
  sent_back_count: number
  clocks: ClockView[]
}

/** One step of the timeline. */
export interface EventView {
  seq: number
  at: Iso
  actor_name: string
  actor_role: string
  department_name: string
  action: string
  action_label: string
  sentence: string
  reason: string
  changes: Change[]
  from_state: string
  to_state: string
}

/** A part of the closure score; not applicable: left out, the rest counts for 100. */
export interface ScorePart {
  code: string
  name: string
  points: number
  max: number
  applicable: boolean
  sentence: string
}

export interface ScoreDeduction {
  code: string
  name: string
  points: number
  count: number
  sentence: string
}

export interface ScoreView {
  score: number
  revision: number
  rule_version: string
  at: Iso
  parts: ScorePart[]
  deductions: ScoreDeduction[]
  summary: string
}

export interface OrderCall {
  id: string
  direction: string
  started_at: Iso
  answered_at: Iso | null
  outcome: string
}

export interface OrderDetail extends OrderForm {
  id: string
  order_no: string
  order_no_spoken: string
  /** In the answer to opening only. */
  query_code: string | null
  version: number
  state: string
  channel: string
  contact_id: string | null
  call_id: string | null
  category_name: string
  category_path: string[]
  accepted_at: Iso
  accepted_by_name: string
  lead_department_name: string
  due_at: Iso | null
  due_provisional: boolean
  light: string
  redo_count: number
  closed_at: Iso | null
  close_reason: string | null
  public_answer: string
  clocks: ClockView[]
  tasks: TaskView[]
  events: EventView[]
  audits: AuditView[]
  follow_ups: FollowUpView[]
  score: ScoreView | null
  score_note: string
  calls: OrderCall[]
  allowed_actions: AllowedAction[]
  suggestion: { model_version: string; proposed: Understanding } | null
}

export interface AssessmentRules {
  version: string
  quality_items: SheetItem[]
  process_items: SheetItem[]
}

export interface Badges {
  dispatch: number
  inbox: number
  audit: number
  follow_up: number
  callbacks: number | null
  callbacks_overdue: number | null
  alerts: number | null
  nuisance: number | null
}

/** A count that can be opened: `cell` names it. */
export interface ReportNumber {
  value: number
  cell: string
}

export interface ReportSlice extends ReportNumber {
  code: string
  label: string
  /** 0–1 of all. */
  share: number | null
}

/** A rate with its sample and 95 % interval, all 0–1. */
export interface ReportShare {
  value: number | null
  hits: number
  of: number
  low: number | null
  high: number | null
  hits_cell: string
  misses_cell: string
  cell: string
}

export interface ReportUnit {
  department: string
  name: string
  group: string
  received: ReportNumber
  redone: ReportNumber
  signed: ReportShare
  contacted: ReportShare
  on_time: ReportShare
  response: ReportShare
  resolution: ReportShare
  satisfaction: ReportShare
  score: number | null
  too_few: boolean
  closure_score: number | null
  closed: ReportNumber
}

export interface PeriodReport {
  first: string
  last: string
  made_at: Iso
  rule_version: string
  orders: ReportNumber
  answered: ReportShare
  withdrawn: ReportNumber
  by_channel: ReportSlice[]
  by_type: ReportSlice[]
  by_category: ReportSlice[]
  columns: { code: string; label: string; formula: string }[]
  units: ReportUnit[]
  total: ReportUnit
  notes: string[]
}
