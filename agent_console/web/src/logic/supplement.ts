/** What an order that waits for a supplement waits for. */

import type { OrderDetail } from '@/api/types'

type Asked = { state: string; events: Pick<OrderDetail['events'][number], 'action' | 'reason'>[] }

/** The dispatcher's words; empty for any other order. */
export function askedFor(order: Asked): string {
  if (order.state !== 'TO_SUPPLEMENT') return ''
  return order.events.filter((event) => event.action === 'ask_supplement').at(-1)?.reason ?? ''
}
