/** The actions a reader may take with an order: told apart, named, and sent to what they concern. */

import type { AllowedAction, FormField, OrderDetail } from '@/api/types'
import type { RunAction } from '@/logic/order'

export function keyOf(item: AllowedAction): string {
  return [item.action, item.task_id ?? '', item.request_id ?? ''].join(':')
}

/** With the unit, where the same can be done with the tasks of several. */
export function nameOf(item: AllowedAction, all: AllowedAction[]): string {
  const several = all.filter((one) => one.action === item.action).length > 1
  return several && item.unit ? `${item.label}（${item.unit}）` : item.label
}

/** Carries an action out on the task and request that it was offered for. */
export function runOn(item: AllowedAction, run: RunAction): RunAction {
  const about = {
    ...(item.task_id ? { task_id: item.task_id } : {}),
    ...(item.request_id ? { request_id: item.request_id } : {}),
  }
  return (action, body) => run(action, { ...about, ...body })
}

/** What the files of an action mostly show (AttachmentKind). */
export function kindOfFiles(action: string): string {
  const kinds: Record<string, string> = {
    submit_result: 'HANDLING',
    submit_part: 'HANDLING',
    first_contact: 'CONTACT',
    record_follow_up: 'CONTACT',
    ask_redo: 'HANDLING',
    ask_withdrawal: 'CONSENT',
  }
  return kinds[action] ?? 'OTHER'
}

/** The server's description of one field of an action's form. */
export function fieldOf(order: OrderDetail, action: string, name: string): FormField | undefined {
  const offered = order.allowed_actions.find((item) => item.action === action)
  return offered?.fields.find((field) => field.name === name)
}
