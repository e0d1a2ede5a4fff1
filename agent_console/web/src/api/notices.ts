/** Notices to one's unit. */

import { request } from './http'
import type { Iso } from './types'

export interface NoticeRow {
  id: string
  kind: string
  kind_label: string
  at: Iso
  order_id: string
  order_no: string
  title: string
  urgency: string
  reason: string
  due_at: Iso | null
  read: boolean
}

export interface NoticePage {
  items: NoticeRow[]
  next_cursor: string | null
  unread: number
}

export const noticesApi = {
  page: (unread: boolean, cursor: string | null) =>
    request<NoticePage>('GET', '/api/notices', { query: { unread, cursor } }),
  /** These, or all. */
  read: (ids: string[]) =>
    request<{ unread: number }>('POST', '/api/notices/read', { body: { ids } }),
}
