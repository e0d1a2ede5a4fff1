/** Whether surge mode is on, for banner and incident orders. Read once, then by event; the floor's
 * page reads it again and again, for its count of calls. */

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { floorApi } from '@/api/floor'
import type { SurgeView } from '@/api/floor-types'
import { newest } from '@/logic/asking'
import { useLive } from './live'

export const useSurge = defineStore('surge', () => {
  const live = useLive()
  const view = ref<SurgeView | null>(null)
  const active = computed(() => view.value?.active ?? null)

  const ask = newest()

  async function load(): Promise<void> {
    const current = ask()
    try {
      const found = await floorApi.surge()
      if (current()) view.value = found
    } catch {
      // Not for this reader, or the line is down: what is shown stays.
    }
  }

  live.on('SurgeChanged', () => void load())
  live.onResync(() => void load())

  return { view, active, load }
})
