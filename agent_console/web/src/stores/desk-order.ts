/** Making an order of the form: checked here, sent once, and what the server said of it. */

import { ref, type Ref } from 'vue'

import { api } from '@/api'
import { ApiError, IdempotencyKeys } from '@/api/http'
import type { OrderDetail, OrderForm } from '@/api/types'
import { missing, type Mode } from '@/logic/form'
import { sourcesOf } from '@/logic/knowledge'

export type OpenedOrder = Pick<
  OrderDetail,
  'id' | 'order_no' | 'order_no_spoken' | 'title' | 'query_code' | 'state' | 'accepted_at'
>

export interface OrderSource {
  callId: Ref<string | null>
  form: Ref<OrderForm>
  publicAnswer: Ref<string>
  /** What goes along beside the form. */
  circumstances(): Record<string, unknown>
  /** The order was made of the form of this call. */
  onSent(callId: string | null): void
}

export function useOrderSending(source: OrderSource) {
  const { callId, form, publicAnswer } = source
  const opened = ref<OpenedOrder[]>([])
  /** An order was just made: the form rests until the agent goes on. */
  const done = ref(false)
  const problem = ref<unknown>(null)
  const faults = ref<Partial<Record<string, string>>>({})
  const sending = ref(false)
  const keys = new IdempotencyKeys()

  function check(mode: Mode): boolean {
    faults.value = missing(form.value, mode, publicAnswer.value)
    return Object.keys(faults.value).length === 0
  }

  /** Opens the order. True when it was; else `problem` or `faults` say why not. */
  async function submit(
    mode: Mode,
    more: Record<string, string> = {},
  ): Promise<boolean> {
    problem.value = null
    if (sending.value || done.value || !check(mode)) return false
    sending.value = true
    const id = callId.value
    const body = bodyOf(mode, more)
    try {
      const order = await api.createOrder(body, keys.keyFor(body))
      keys.done()
      take(order, id)
      return true
    } catch (error) {
      refused(error)
      return false
    } finally {
      sending.value = false
    }
  }

  function bodyOf(mode: Mode, more: Record<string, unknown>): Record<string, unknown> {
    return {
      ...form.value,
      mode,
      call_id: callId.value,
      ...source.circumstances(),
      ...(mode === 'answered'
        ? {
            public_answer: publicAnswer.value.trim(),
            knowledge_id: sourcesOf(publicAnswer.value)[0] ?? '',
          }
        : {}),
      ...more,
    }
  }

  function refused(error: unknown): void {
    problem.value = error
    if (!(error instanceof ApiError)) return
    for (const { field, message } of error.errors) {
      faults.value[field === 'department' ? 'lead_department' : field] = message
    }
  }

  /** An order now exists for a call: the form's, or one made in another way (incident orders). */
  function take(order: OpenedOrder, id: string | null): void {
    if (id === callId.value) {
      opened.value = [...opened.value, order]
      done.value = true
      problem.value = null
      faults.value = {}
    }
    source.onSent(id)
  }

  function forget(): void {
    opened.value = []
    resume()
    problem.value = null
    faults.value = {}
  }

  /** The form is open for another order. */
  function resume(): void {
    done.value = false
    keys.done()
  }

  function clearFault(field: string): void {
    const { [field]: _gone, ...rest } = faults.value
    faults.value = rest
  }

  return { opened, done, problem, faults, sending, check, submit, take, forget, resume, clearFault }
}
