/** What a line of a call's history says beyond its name. */

import type { CallHistoryEvent } from '@/api/floor-types'
import { duration } from './time'

type Label = (set: string, code: string) => string

/** Details in words; what has no known wording is left out rather than shown as code. */
export function detailWords(event: Pick<CallHistoryEvent, 'kind' | 'detail'>, label: Label): string {
  const detail = event.detail ?? {}
  const text = (key: string) => (typeof detail[key] === 'string' ? (detail[key] as string) : '')
  const parts: string[] = []
  const name = text('party_name') || text('name') || text('to_name') || text('agent_name')
  if (name) parts.push(name)
  if (text('number') && text('number') !== name) parts.push(text('number'))
  if (text('queue_name')) parts.push(text('queue_name'))
  if (text('digits') || text('key')) parts.push(`按键 ${text('digits') || text('key')}`)
  if (typeof detail.position === 'number') parts.push(`第 ${detail.position} 位`)
  const wait = detail.expected_wait_s ?? detail.wait_s
  if (typeof wait === 'number') parts.push(`预计 ${duration(wait)}`)
  if (text('satisfaction')) parts.push(label('Satisfaction', text('satisfaction')))
  if (text('outcome')) parts.push(label('ContactOutcome', text('outcome')))
  const reasons = detail.priority_reasons ?? detail.reasons
  if (Array.isArray(reasons)) parts.push(...reasons.map((code) => label('PriorityReason', String(code))))
  if (event.kind === 'ALERT' && text('alert')) parts.push(label('AlertKind', text('alert')))
  return parts.join(' ')
}
