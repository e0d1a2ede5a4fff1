/** Units, people, duty and the dispatch catalogue: the directory's addresses. */

import { queryString, request } from './http'
import type { Me } from './types'

export interface VersionView {
  version: string
  valid_from: string
  held_until: string | null
  stands: 'past' | 'present' | 'future'
  source_label: string
  file_name: string
  note: string
  imported_by: string
  imported_at: string
}

export interface RuleView {
  position: number
  code: string
  unit: string
  unit_name: string
  joint_names: string[]
  categories: string[]
  category_names: string[]
  words: string[]
  without: string[]
  type_labels: string[]
  area_names: string[]
  keep: boolean
  note: string
  fault: string
}

export interface CatalogueView {
  version: VersionView
  rules: RuleView[]
  uncovered: string[]
}

export interface OwnerView {
  day: string
  version: string
  unit: string
  unit_name: string
  street_name: string
  joint: string[]
  rule: RuleView | null
  text: string
}

export interface FaultView {
  row: number
  column: string
  value: string
  problem: string
  advice: string
  text: string
}

export interface ImportReport {
  file_name: string
  valid_from: string
  rules: number
  faults: FaultView[]
  doubts: FaultView[]
  repairs: string[]
  changes: { kind: string; code: string; note: string }[]
  version: string
}

export interface NewCatalogue {
  file_name: string
  content: string
  valid_from: string
  note: string
  check: boolean
}

export interface UnitRow {
  code: string
  name: string
  short_name: string
  parent: string | null
  level: number
  kind_label: string
  open_now: boolean
  on_duty: string[]
}

export interface DutyView {
  id: string
  name: string
  phone: string
  starts_at: string
  ends_at: string
  note: string
  now: boolean
}

export interface PostView {
  id: string
  department_name: string
  role_labels: string[]
  since: string
  until: string | null
}

export interface AbsenceView {
  id: string
  staff_name: string
  deputy_name: string
  starts_at: string
  ends_at: string
  reason: string
  now: boolean
}

export interface PersonView {
  id: string
  name: string
  username: string
  department: string
  role_labels: string[]
  further: boolean
  posts: PostView[]
  absences: AbsenceView[]
}

export interface UnitView {
  row: UnitRow
  above: string[]
  hours: string
  to_ring: { department_name: string; name: string; phone: string }[]
  duties: DutyView[]
  people: PersonView[]
}

export interface PersonRow {
  id: string
  name: string
  department: string
  department_name: string
}

export interface OpenWork {
  name: string
  department: string
  to_hand_over: number
  tasks: { order_id: string; order_no: string }[]
  drafts: number
  callbacks: number
  duties: number
  shifts: number
  standing_in: number
  at_seat: boolean
  colleagues: PersonRow[]
}

function post<T = void>(path: string, body: unknown = {}): Promise<T> {
  return request<T>('POST', path, { body })
}

export const directoryApi = {
  choosePost: (key: string) => post<Me>('/api/session/post', { post: key }),

  versions: () => request<VersionView[]>('GET', '/api/catalogue/versions'),
  catalogue: (version: string) =>
    request<CatalogueView>('GET', '/api/catalogue', { query: { version } }),
  owner: (matter: { category: string; text: string; place: string; day: string | null }) =>
    request<OwnerView>('GET', '/api/catalogue/owner', { query: matter }),
  ownerOfOrder: (id: string) => request<OwnerView>('GET', `/api/orders/${id}/owner`),
  importCatalogue: (body: NewCatalogue) => post<ImportReport>('/api/catalogue/import', body),
  fileUrl: (version: string) => `/api/catalogue/file${queryString({ version, kind: 'xlsx' })}`,

  units: () => request<UnitRow[]>('GET', '/api/directory/units'),
  unit: (code: string) => request<UnitView>('GET', `/api/directory/units/${code}`),
  people: () => request<PersonRow[]>('GET', '/api/directory/people'),
  addDuty: (unit: string, body: Record<string, unknown>) =>
    post<UnitView>(`/api/directory/units/${unit}/duty`, body),
  cancelDuty: (id: string) => post(`/api/directory/duty/${id}/cancel`),
  noteAbsence: (body: Record<string, unknown>) => post('/api/directory/absences', body),
  endAbsence: (id: string) => post(`/api/directory/absences/${id}/end`),
  givePost: (staff: string, body: Record<string, unknown>) =>
    post(`/api/directory/people/${staff}/posts`, body),
  endPost: (id: string) => post(`/api/directory/posts/${id}/end`),
  openWork: (staff: string) => request<OpenWork>('GET', `/api/directory/people/${staff}/work`),
  leave: (staff: string, successor: string, reason: string) =>
    post(`/api/directory/people/${staff}/leave`, { successor_id: successor || null, reason }),
}
