/** Articles for the call on the desk: proposed while the citizen talks, or searched for. */

import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'

import { knowledgeApi, type ArticleCard } from '@/api/knowledge'
import { sentenceOf } from '@/api/http'
import { newest } from '@/logic/asking'
import { holds, sourcesOf } from '@/logic/knowledge'
import { useNow } from '@/logic/now'
import { useDesk } from './desk'
import { useLive } from './live'

export const useKnowledge = defineStore('knowledge', () => {
  const desk = useDesk()
  const live = useLive()
  const now = useNow()

  const suggested = ref<ArticleCard[]>([])
  const found = ref<ArticleCard[] | null>(null)
  const words = ref('')
  const trouble = ref('')
  /** Articles that the answer names, as they are now; those that do not hold are missing. */
  const named = ref<ArticleCard[]>([])

  const askSuggested = newest()
  const askFound = newest()
  const askNamed = newest()

  const cards = computed(() =>
    (found.value ?? suggested.value).filter((card) => holds(card, now.value)),
  )
  const sources = computed(() => sourcesOf(desk.publicAnswer))
  /** Named in the answer, and must not be used any more. */
  const lapsed = ref<string[]>([])
  const gone = computed(() => [
    ...lapsed.value.filter((number) => sources.value.includes(number)),
    ...named.value.filter((card) => !holds(card, now.value)).map((card) => card.number),
  ])

  async function suggest(): Promise<void> {
    const current = askSuggested()
    const id = desk.callId
    if (!id || desk.readOnly) {
      suggested.value = []
      return
    }
    try {
      const cards = await knowledgeApi.ofCall(id)
      if (current()) suggested.value = cards
    } catch {
      // Advice only; the next sentence asks again.
    }
  }

  async function search(): Promise<void> {
    const current = askFound()
    trouble.value = ''
    const text = words.value.trim()
    if (!text) {
      found.value = null
      return
    }
    try {
      const cards = await knowledgeApi.quick(text.slice(0, 300))
      if (current()) found.value = cards
    } catch (error) {
      if (current()) trouble.value = sentenceOf(error)
    }
  }

  /** Whether what the answer names may still be said. */
  async function checkSources(): Promise<void> {
    const current = askNamed()
    try {
      const known = await Promise.all(
        sources.value.map(async (number) => {
          const cards = await knowledgeApi.quick(number)
          return cards.find((card) => card.number === number) ?? null
        }),
      )
      if (!current()) return
      named.value = known.filter((card) => card !== null)
      lapsed.value = sources.value.filter((_, place) => known[place] === null)
    } catch {
      // The server checks again when the order is made.
    }
  }

  function leaveSearch(): void {
    words.value = ''
    void search()
  }

  watch(() => [desk.callId, desk.readOnly], () => void suggest(), { immediate: true })
  watch(() => desk.callId, leaveSearch)
  watch(() => sources.value.join(), () => void checkSources(), { immediate: true })
  live.on('KnowledgeSuggested', (data) => {
    if (data.call_id === desk.callId) void suggest()
  })
  live.on('TranscriptCompleted', (data) => {
    if (data.call_id === desk.callId) void suggest()
  })
  function readAnew(): void {
    void suggest()
    void search()
    void checkSources()
  }
  live.on('KnowledgeChanged', readAnew)
  live.onResync(readAnew)

  return { cards, found, words, trouble, sources, gone, search, leaveSearch }
})
