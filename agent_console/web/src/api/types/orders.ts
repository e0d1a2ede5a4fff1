/** An order: its form, its line in a list, and all of it. */

import type { Iso } from './common'
import type { Understanding } from './understanding'

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
  /** Somebody's special attention. */
  watched: boolean
  /** No clock of it runs. */
  suspended: boolean
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
  /** What was wrong with a result that was sent back. */
  faults: string[]
  auditor_name: string
}

export interface FollowUpView {
  at: Iso
  /** FollowUpWay: by telephone, or by a link in a message. */
  way: string
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
  /** What it is about, to be sent with the command; and the unit of the task, in words. */
  task_id: string | null
  request_id: string | null
  unit: string
  effect: string
  /** What its form asks for. */
  fields: FormField[]
}

/** What post and state would allow, and why it is not possible now. */
export interface RefusedAction {
  action: string
  label: string
  task_id: string | null
  unit: string
  reason: string
}

/** Something that was asked for and is decided by somebody else. */
export interface RequestView {
  id: string
  task_id: string | null
  kind: string
  state: string
  state_label: string
  asked_at: Iso
  asked_by_name: string
  asked_department_name: string
  reason_code: string
  reason_label: string
  reason: string
  evidence: Record<string, unknown>
  wanted: Record<string, unknown>
  due_at: Iso | null
  light: string
  overdue: boolean
  decided_at: Iso | null
  decided_by_name: string
  decision_reason: string
}

/** An urge or a supervision that a unit must answer. */
export interface OversightView {
  id: string
  task_id: string
  kind: string
  level: number
  label: string
  number: string
  department_name: string
  reason_code: string | null
  reason: string
  by_caller: boolean
  state: string
  issued_at: Iso
  issued_by_name: string
  due_at: Iso
  light: string
  overdue: boolean
  answer: string
  answered_at: Iso | null
  answered_by_name: string
  remark: string
}

/** Another order that this one is merged with. */
export interface OtherOrder {
  id: string
  order_no: string
  state: string
}

/** What the office did about an order. */
export interface OfficeView {
  supervised: number
  oversights: OversightView[]
  cards: { colour: string; department_name: string; reason: string; at: Iso }[]
  merged_into: OtherOrder | null
  merged: OtherOrder[]
  shelved_at: Iso | null
  archived_at: Iso | null
  reopen_count: number
  excluded_at: Iso | null
  refusal: string
}

/** One field of a form that the server describes. */
export interface FormField {
  name: string
  label: string
  kind:
    | 'text'
    | 'words'
    | 'choice'
    | 'choices'
    | 'switch'
    | 'number'
    | 'moment'
    | 'unit'
    | 'units'
    | 'files'
    | 'call'
    | 'other'
  required: boolean
  options: { value: string | boolean; label: string }[]
  /** Units that cannot be chosen; those that can stand in the options, where there are any. */
  without: string[]
  /** Why something that one may look for is not there to choose. */
  hint: string
  default: string | number | boolean | null
  /** Characters of a text, or the bounds of a number; of files, megabytes of each at most. */
  least: number
  most: number | null
}

/** A file of an order. Lies ready until an action names it. */
export interface Attachment {
  id: string
  kind: string
  name: string
  media_type: string
  bytes: number
  sha256: string
  uploaded_at: Iso
  uploaded_by_name: string
  department_name: string
  task_id: string | null
  attached_at: Iso | null
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
  /** What else there is to say of it. */
  note: string
  /** Since when a further failed try to contact the citizen counts; null: no try is awaited. */
  counts_from: Iso | null
  /** What was promised before an extension, a pause or a new calendar, the first first. */
  earlier: { due: Iso; explanation: string }[]
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
  first_contact: {
    person: string
    phone: string
    reached: boolean
    note: string
    evidence?: string
    files?: Record<string, string>
  } | null
  due_at: Iso
  light: string
  submitted_at: Iso | null
  fact_finding: string | null
  demand_finding: string | null
  outcome: string | null
  unresolved_reason: string
  public_answer: string
  /** What a joint unit found and did. */
  opinion: string
  /** 1 for what the hotline gave out, one more for each unit below. */
  level: number
  /** Who of the unit's leadership has looked at the result, and what shows it. */
  reviewed_by: string
  evidence: { text?: string; files?: Record<string, string> }
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
  difficulty: string
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
  /** End of the clock that the light is about. */
  light_due_at: Iso | null
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
  refused_actions: RefusedAction[]
  requests: RequestView[]
  office: OfficeView
  suspended_at: Iso | null
  suspended_until: Iso | null
  watched_at: Iso | null
  watch_reason: string
  suggestion: { model_version: string; proposed: Understanding } | null
}

export interface AssessmentRules {
  version: string
  quality_items: SheetItem[]
  process_items: SheetItem[]
}
