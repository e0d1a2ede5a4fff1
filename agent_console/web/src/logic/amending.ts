/** Correcting an order before it is dispatched: what only the shift leader may change, with reasons. */

const URGENCIES = ['NORMAL', 'URGENT', 'CRITICAL']

/** Fewer characters are no reason for what eases an order. */
export const REASON_MIN = 5

/** What of an order may be eased. */
export interface Easable {
  request_type: string
  urgency: string
  confidential: boolean
  want_reply: boolean
}

/** Names of the changes that take something from the citizen or make it easier for the unit; the
 * server decides by the same rule. */
export function easing(before: Easable, after: Easable): string[] {
  const rank = (item: Easable): number => URGENCIES.indexOf(item.urgency)
  const informant = after.request_type === 'REPORT' && after.confidential
  return [
    before.request_type === 'REPORT' && after.request_type !== 'REPORT' ? '举报改为其他类型' : '',
    rank(after) < rank(before) ? '降低紧急程度' : '',
    after.confidential !== before.confidential && !informant ? '改变是否保密' : '',
    before.want_reply && !after.want_reply ? '取消回访' : '',
  ].filter((name) => name)
}
