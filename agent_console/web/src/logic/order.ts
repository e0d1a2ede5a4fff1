/** One order on the screen: reading it, acting on it, and hearing when others act on it. */

import { ElMessage } from 'element-plus'
import { onScopeDispose, ref, watch, type Ref } from 'vue'

import { api } from '@/api'
import type { OrderDetail } from '@/api/types'
import { IdempotencyKeys } from '@/api/http'
import { useLive } from '@/stores/live'
import { useSession } from '@/stores/session'

export type RunAction = (action: string, body: Record<string, unknown>) => Promise<boolean>

export function useOrder(id: Ref<string>) {
  const live = useLive()
  const session = useSession()

  const order = ref<OrderDetail | null>(null)
  const loadProblem = ref<unknown>(null)
  const problem = ref<unknown>(null)
  const acting = ref('')
  /** Who changed the order while it was open here. */
  const changedBy = ref('')
  const keys = new IdempotencyKeys()
  let gone = false
  onScopeDispose(() => (gone = true))

  async function load(): Promise<void> {
    const wanted = id.value
    try {
      const fresh = await api.order(wanted)
      if (gone || wanted !== id.value) return
      order.value = fresh
      loadProblem.value = null
    } catch (error) {
      if (!gone && wanted === id.value) loadProblem.value = error
    }
  }

  async function reload(): Promise<void> {
    problem.value = null
    changedBy.value = ''
    await load()
  }

  /** Carries an action out. False: it was refused, `problem` says why, nothing typed is lost. */
  async function run(action: string, body: Record<string, unknown>): Promise<boolean> {
    const current = order.value
    if (!current || acting.value) return false
    problem.value = null
    acting.value = action
    const full = { ...body, expected_version: current.version }
    try {
      const key = keys.keyFor([current.id, action, full])
      const fresh = await api.orderCommand(current.id, action, full, key)
      keys.done()
      if (current.id === id.value) order.value = fresh
      changedBy.value = ''
      const label = current.allowed_actions.find((item) => item.action === action)?.label
      ElMessage.success(`已${label ?? '完成'}`)
      return true
    } catch (error) {
      problem.value = error
      return false
    } finally {
      acting.value = ''
    }
  }

  watch(
    id,
    () => {
      order.value = null
      problem.value = null
      changedBy.value = ''
      void load()
    },
    { immediate: true },
  )
  live.on('OrderChanged', (data) => {
    if (data.order_id !== id.value || !order.value) return
    if (Number(data.version) <= order.value.version || acting.value) return
    if (data.actor_id !== session.staff?.id) changedBy.value = String(data.actor_name)
    void load()
  })
  live.onResync(() => void load())

  return { order, loadProblem, problem, acting, changedBy, load, reload, run }
}
