/** The actions a reader may take with an order: told apart, named, and sent to what they concern. */

import type { AllowedAction } from '@/api/types'
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
