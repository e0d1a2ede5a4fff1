/** The knowledge base. */

import { request } from './http'

type Iso = string
type Day = string

/** An article as it is offered to one who talks with a citizen. */
export interface ArticleCard {
  number: string
  version: number
  title: string
  spoken: string
  unit: string
  unit_name: string
  valid_from: Day
  valid_to: Day | null
  /** From then on it must not be used. */
  ends_at: Iso | null
  example: boolean
  /** The line that names it as the source of an answer. */
  source: string
}

export interface ArticleRow extends ArticleCard {
  state: string
  state_label: string
  waits: boolean
  made_by_name: string
  made_at: Iso
}

export interface ArticlePage {
  items: ArticleRow[]
  total: number
}

export interface ArticleDraft {
  title: string
  questions: string[]
  spoken: string
  text: string
  basis: string[]
  unit: string
  categories: string[]
  audience: string[]
  valid_from: Day
  valid_to: Day | null
  note: string
}

export interface ArticleVersion extends ArticleDraft {
  version: number
  revision: number
  state: string
  state_label: string
  unit_name: string
  category_names: string[]
  audience_names: string[]
  example: boolean
  made_by_name: string
  made_at: Iso
  submitted_at: Iso | null
  reviewed_by_name: string
  reviewed_at: Iso | null
  review_note: string
  published_at: Iso | null
  ended_at: Iso | null
}

export interface ArticleReport {
  id: string
  number: string
  title: string
  version: number
  unit_name: string
  problem: string
  made_by_name: string
  made_at: Iso
  due_at: Iso
  late: boolean
  upheld: boolean | null
  answer: string
  answered_by_name: string
  answered_at: Iso | null
  may_answer: boolean
}

export interface ArticleDetail {
  card: ArticleRow
  shown: ArticleVersion
  /** The text that is being written or reviewed, for those who keep it. */
  open: ArticleVersion | null
  use: { orders: number; helpful: number; open_reports: number }
  may: { write: boolean; review: boolean; withdraw: boolean; review_hint: string }
  reports: ArticleReport[]
}

export interface ArticleHistory {
  versions: ArticleVersion[]
  events: {
    at: Iso
    action_label: string
    version: number | null
    actor_name: string
    note: string
  }[]
}

export type Shelf = 'live' | 'soon' | 'over' | 'waits' | 'open' | 'review' | 'off'

export interface ArticleQuery {
  q: string
  shelf: Shelf
  unit: string
  category: string
  example: boolean
  offset: number
  limit: number
}

const at = (number: string) => `/api/knowledge/${encodeURIComponent(number)}`
const post = <T>(path: string, body: unknown) => request<T>('POST', path, { body })

export const knowledgeApi = {
  list: (query: ArticleQuery) =>
    request<ArticlePage>('GET', '/api/knowledge', { query: { ...query } }),
  quick: (q: string) => request<ArticleCard[]>('GET', '/api/knowledge/quick', { query: { q } }),
  ofCall: (callId: string) => request<ArticleCard[]>('GET', `/api/calls/${callId}/knowledge`),
  article: (number: string) => request<ArticleDetail>('GET', at(number)),
  history: (number: string) => request<ArticleHistory>('GET', `${at(number)}/history`),
  create: (draft: ArticleDraft) => post<ArticleDetail>('/api/knowledge', { draft }),
  save: (number: string, draft: ArticleDraft, revision: number) =>
    request<ArticleDetail>('PUT', `${at(number)}/draft`, { body: { draft, revision } }),
  submit: (number: string, revision: number) =>
    post<ArticleDetail>(`${at(number)}/submit`, { revision }),
  discard: (number: string, revision: number) =>
    post<void>(`${at(number)}/discard`, { revision }),
  publish: (number: string, revision: number, note: string) =>
    post<ArticleDetail>(`${at(number)}/publish`, { revision, note }),
  sendBack: (number: string, revision: number, note: string) =>
    post<ArticleDetail>(`${at(number)}/send-back`, { revision, note }),
  withdraw: (number: string, reason: string) =>
    post<ArticleDetail>(`${at(number)}/withdraw`, { reason }),
  helped: (number: string, callId: string | null) =>
    post<void>(`${at(number)}/helped`, { call_id: callId }),
  report: (number: string, problem: string, callId: string | null) =>
    post<void>(`${at(number)}/reports`, { problem, call_id: callId }),
  reports: () => request<ArticleReport[]>('GET', '/api/knowledge/reports'),
  answerReport: (id: string, upheld: boolean, answer: string) =>
    post<void>(`/api/knowledge/reports/${id}/answer`, { upheld, answer }),
}
