/** A manager's report, whose numbers open to their orders. */

import type { Iso } from './common'

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
  misdirected: ReportNumber
  suspended: ReportNumber
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

/** Whoever sent orders to units. */
export interface ReportSender {
  staff_id: string
  name: string
  sent: ReportNumber
  wrong: ReportNumber
  accurate: ReportShare
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
  senders: ReportSender[]
  notes: string[]
}
