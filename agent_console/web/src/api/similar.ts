/** Earlier orders of the same matter, and hot events. */

import { request } from './http'
import type { OrderRow } from './types'

type Iso = string

export interface SimilarOrder {
  order: OrderRow
  /** Of the texts, 0–1. */
  likeness: number
  same_caller: boolean
  same_place: boolean
  reasons: string[]
}

export interface SimilarOrders {
  items: SimilarOrder[]
  /** False: older orders are still being read in. */
  complete: boolean
}

export interface DemandSoFar {
  title: string
  content: string
  place: string
  category: string
  caller_phone: string
  callback_phone: string
}

export interface EventAlert {
  id: string
  at: Iso
  text: string
  acknowledged_by_name: string | null
  acknowledged_at: Iso | null
}

export interface HotEventRow {
  id: string
  name: string
  place: string
  category: string
  category_name: string
  first_at: Iso
  last_at: Iso
  size: number
  last_hour: number
  goes_on: boolean
  risks: string[]
  alert: EventAlert | null
}

export interface HotEvent extends HotEventRow {
  curve_by: 'hour' | 'day'
  curve: { start: Iso; count: number }[]
  orders: OrderRow[]
  /** The order that answers for the others, or could. */
  lead_order_id: string | null
  lead_chosen: boolean
}

/** What became of the orders of an event that were merged into one. */
export interface MergeOutcome {
  lead_order_id: string
  merged: string[]
  left: { order_id: string; order_no: string; reason: string }[]
}

export const similarApi = {
  ofOrder: (id: string) => request<SimilarOrders>('GET', `/api/orders/${id}/similar`),
  ofDemand: (demand: DemandSoFar) =>
    request<SimilarOrders>('POST', '/api/similar', { body: demand }),
  events: (days: number) => request<HotEventRow[]>('GET', '/api/events', { query: { days } }),
  event: (id: string) => request<HotEvent>('GET', `/api/events/${id}`),
  /** The event's open orders go into one of them. */
  merge: (id: string, lead: string) =>
    request<MergeOutcome>('POST', `/api/events/${id}/merge`, { body: { lead_order_id: lead } }),
}
