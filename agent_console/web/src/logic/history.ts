/** What a line of a call's history says beyond its name. */

import type { CallHistoryEvent } from '@/api/floor-types'
import { duration } from './time'

type Label = (set: string, code: string) => string

/** Details in words; what has no known wording is left out rather than shown as code. */
export function detailWords(event: Pick<CallHistoryEvent, 'kind' | 'detail'>, label: Label): string {
  const detail = event.detail ?? {}
  const text = (key: string) => (typeof detail[key] === 'string' ? (detail[key] as string) : '')
  const parts: string[] = []
  const name = text('with') || text('to') || text('party_name')
  if (name) parts.push(name)
  if (text('queue_name')) parts.push(text('queue_name'))
  if (text('key')) parts.push(`按 ${text('key')} 键`)
  if (typeof detail.count === 'number') parts.push(`${detail.count} 个按键`)
  if (typeof detail.place === 'number') parts.push(`第 ${detail.place} 位`)
  if (typeof detail.expected_wait_s === 'number') parts.push(`预计 ${duration(detail.expected_wait_s)}`)
  if (typeof detail.rang_s === 'number') parts.push(`振铃 ${Math.round(detail.rang_s)} 秒`)
  // A call taken over goes on; only listening, whispering and joining come to an end.
  if (detail.active === false && event.kind !== 'TAKEN_OVER') parts.push('结束')
  if (text('satisfaction')) parts.push(label('Satisfaction', text('satisfaction')))
  if (text('outcome')) parts.push(label('ContactOutcome', text('outcome')))
  const reasons = detail.priority_reasons ?? detail.reasons
  if (Array.isArray(reasons)) parts.push(...reasons.map((code) => label('PriorityReason', String(code))))
  if (event.kind === 'ALERT' && text('alert')) parts.push(label('AlertKind', text('alert')))
  return parts.join(' ')
}
