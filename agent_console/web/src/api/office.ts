/** What waits for a decision or an answer, and what was left out of the statistics. */

import { request } from './http'
import type { Iso, OrderRow, OversightView, RequestView } from './types'

/** What a citizen is asked about by a link. */
export interface AskedView {
  order_no: string
  title: string
  department_name: string
  public_answer: string
  until: Iso
  over: boolean
}

export const citizen = {
  asked: (code: string) => request<AskedView>('GET', `/api/citizen/follow-up/${code}`),
  answer: (code: string, body: Record<string, unknown>) =>
    request<void>('POST', `/api/citizen/follow-up/${code}`, { body }),
}

export interface WaitingRequest {
  request: RequestView
  order: OrderRow
  /** The reader asked for it and decides nothing of it. */
  own: boolean
}

export interface WaitingOversight {
  oversight: OversightView
  order: OrderRow
}

export interface ExcludedOrder {
  order_no: string
  title: string
  department_name: string
  reason_label: string
  reason: string
  excluded_at: Iso
  confirmed_by_name: string
}

/** Why a demand is not accepted, and what the citizen is told. */
export interface RefusalReason {
  code: string
  name: string
  route: string
  /** A shift leader must agree. */
  confirm: boolean
  /** The content is not kept. */
  redact: boolean
}

export const officeApi = {
  refusals: () => request<RefusalReason[]>('GET', '/api/refusals'),
  requests: () => request<WaitingRequest[]>('GET', '/api/requests'),
  oversights: () => request<WaitingOversight[]>('GET', '/api/oversights'),
  exclusions: () => request<ExcludedOrder[]>('GET', '/api/exclusions'),
}
