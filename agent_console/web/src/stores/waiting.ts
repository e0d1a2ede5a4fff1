/** How many callers wait, and since when: for the top bar of everyone who has a seat. */

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { floorApi } from '@/api/floor'
import type { FloorQueue, WaitingCall } from '@/api/floor-types'
import { newest } from '@/logic/asking'
import { useAgent } from './agent'
import { useLive } from './live'

const TOGETHER_MS = 300
const EVERY_MS = 10_000

export const useWaiting = defineStore('waiting', () => {
  const live = useLive()
  const agent = useAgent()

  const calls = ref<WaitingCall[] | null>(null)
  const queues = ref<FloorQueue[]>([])
  const exchangeOnline = ref(true)

  const count = computed(() => calls.value?.length ?? null)
  /** When the one who waits longest began to wait. */
  const longestSince = computed(() => {
    const begun = (calls.value ?? []).map((call) => call.queued_at ?? call.started_at)
    return begun.length ? begun.reduce((a, b) => (a < b ? a : b)) : null
  })

  const ask = newest()

  async function load(): Promise<void> {
    const current = ask()
    try {
      const floor = await floorApi.floor()
      if (!current()) return
      calls.value = floor.waiting
      queues.value = floor.queues ?? []
      exchangeOnline.value = floor.exchange_online
    } catch {
      if (current()) calls.value = null
    }
  }

  let timer: ReturnType<typeof setTimeout> | null = null
  function soon(): void {
    if (!agent.signedIn || timer) return
    timer = setTimeout(() => {
      timer = null
      void load()
    }, TOGETHER_MS)
  }

  live.on(
    ['CallQueued', 'CallOffered', 'CallEnded', 'CallAnswered', 'CallRinging', 'AgentStateChanged'],
    soon,
  )
  live.onResync(soon)
  setInterval(() => {
    if (agent.signedIn && document.visibilityState === 'visible') void load()
  }, EVERY_MS)

  return { calls, queues, count, longestSince, exchangeOnline, load, soon }
})
