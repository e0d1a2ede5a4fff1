/** How much waits in each queue. */

import { defineStore } from 'pinia'
import { ref } from 'vue'

import { api } from '@/api'
import type { Badges } from '@/api/types'
import { newest } from '@/logic/asking'
import { useLive } from './live'

const TOGETHER_MS = 500

export const useBadges = defineStore('badges', () => {
  const counts = ref<Partial<Badges>>({})
  let timer: ReturnType<typeof setTimeout> | null = null

  const ask = newest()

  async function load(): Promise<void> {
    const current = ask()
    try {
      const found = await api.badges()
      if (current()) counts.value = found
    } catch {
      // The numbers stay as they were; the next change asks again.
    }
  }

  function soon(): void {
    timer ??= setTimeout(() => {
      timer = null
      void load()
    }, TOGETHER_MS)
  }

  const live = useLive()
  live.on(
    [
      'OrderChanged',
      'UnitsNotified',
      'CallbackChanged',
      'AlertRaised',
      'AlertAcknowledged',
      'NuisanceListChanged',
      'KnowledgeChanged',
    ],
    soon,
  )
  live.onResync(soon)

  return { counts, load }
})
