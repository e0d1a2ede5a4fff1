/** Figures, staffing and rosters of the call floor. */

import { request } from './http'

export type FiguresBy = 'half_hour' | 'day' | 'agent' | 'queue'

export interface FigureValue {
  value: number | null
  cell: string | null
  hits: number | null
  of: number | null
  hits_cell: string | null
}

export interface FigureColumn {
  code: string
  label: string
  words: string
  unit: 'count' | 'share' | 'seconds'
}

export interface FigureRow {
  key: string
  label: string
  start: string | null
  values: Record<string, FigureValue>
  forecast: number | null
}

export interface ForecastAccuracy {
  days: number
  wape: number
  naive_wape: number
  day_mape: number
  naive_day_mape: number
}

export interface FigureTable {
  first: string
  last: string
  by: FiguresBy
  queue: string
  agent: string
  made_at: string
  rule_version: string
  columns: FigureColumn[]
  rows: FigureRow[]
  total: FigureRow
  accuracy: ForecastAccuracy | null
  notes: string[]
}

/** What a number of seat time is made of. Lengths in seconds. */
export interface SeatTime {
  figure: { label: string; words: string; counted: string; parts: string[] }
  value: number | null
  unit: 'share' | 'seconds'
  work_s: number
  /** What it is divided by; null for a time. */
  over_s: number | null
  start: string
  end: string
  states: {
    state: string
    label: string
    lines: number
    seconds: number
    work: boolean
    available: boolean
  }[]
  agents: {
    agent_id: string
    name: string
    work_s: number
    available_s: number
    signed_s: number
    cell: string
  }[]
  /** Of a single agent. */
  lines: { agent_id: string; state: string; label: string; since: string; until: string | null; seconds: number }[]
  more_lines: boolean
}

export interface FloorNow {
  at: string
  waiting: number
  longest_wait_s: number | null
  talking_calls: number
  agents: number
  ready: number
  talking: number
  away: number
  states: { state: string; label: string; count: number }[]
  offered: FigureValue
  answered: FigureValue
  abandoned: FigureValue
  connection: FigureValue
  service_level: FigureValue
  service_seconds: number
  target_share: number
  long_wait_seconds: number
  recent_service_level: FigureValue
  forecast_so_far: number | null
  forecast_day: number | null
  callbacks_open: number
  callbacks_overdue: number
}

export interface StaffedHalfHour {
  start: string
  forecast_calls: number | null
  aht_s: number
  seats: number
  needed: number
  scheduled: number
  shortage: number
  service_level: number | null
}

export interface StaffingDay {
  day: string
  target_share: number
  target_s: number
  shrinkage: number
  occupancy_cap: number
  least_seats: number
  aht_s: number
  aht_measured: boolean
  half_hours: StaffedHalfHour[]
  short_hours: number
  accuracy: ForecastAccuracy | null
  words: string[]
}

export interface Assignment {
  staff_id: string
  day: string
  shift: string
}

export interface ShiftView {
  code: string
  name: string
  starts: string
  ends: string
  hours: number
}

export interface Finding {
  code: string
  text: string
  staff_id: string | null
  day: string | null
}

export interface WeekView {
  week: string
  version: string
  shifts: ShiftView[]
  people: { id: string; name: string; hours: number }[]
  assignments: Assignment[]
  findings: Finding[]
  needed: number[]
  scheduled: number[]
  short_half_hours: number
  short_hours: number
}

export interface Adherence {
  staff_id: string
  name: string
  shift_name: string
  starts_at: string
  ends_at: string
  planned_s: number
  present_s: number
  first_in: string | null
  late_s: number
  share: number | null
}

export interface StaffingGoal {
  target_share?: number
  target_s?: number
  shrinkage?: number
}

export const figuresApi = {
  table: (query: { from: string; to: string; by: FiguresBy; queue?: string; agent?: string }) =>
    request<FigureTable>('GET', '/api/floor-figures', { query }),
  seatTime: (query: { cell: string; from: string; to: string }) =>
    request<SeatTime>('GET', '/api/floor-figures/seat-time', { query }),
  now: () => request<FloorNow>('GET', '/api/floor-figures/now'),
  staffing: (day: string, goal: StaffingGoal = {}) =>
    request<StaffingDay>('GET', '/api/staffing', { query: { day, ...goal } }),
  week: (week: string) => request<WeekView>('GET', '/api/schedule', { query: { week } }),
  checkWeek: (week: string, assignments: Assignment[]) =>
    request<WeekView>('POST', '/api/schedule/check', { body: { week, assignments } }),
  saveWeek: (week: string, version: string, assignments: Assignment[]) =>
    request<WeekView>('PUT', '/api/schedule', {
      body: { week, expected_version: version, assignments },
    }),
  proposeWeek: (week: string) =>
    request<WeekView>('GET', '/api/schedule/proposal', { query: { week } }),
  adherence: (day: string) =>
    request<Adherence[]>('GET', '/api/schedule/adherence', { query: { day } }),
}
