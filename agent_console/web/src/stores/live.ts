/** What happens now, as the server tells it; pages subscribe to the events they show. */

import { defineStore } from 'pinia'
import { onScopeDispose, ref } from 'vue'

import { openLive, type LiveState, type SseMessage } from '@/live/sse'
import { useSession } from './session'

type Handler = (data: Record<string, unknown>) => void

export const useLive = defineStore('live', () => {
  const state = ref<LiveState>('stopped')
  const handlers = new Map<string, Set<Handler>>()
  const resyncs = new Set<() => void>()
  let stop: (() => void) | null = null

  function start(): void {
    if (stop) return
    stop = openLive({
      url: '/api/live',
      onMessage: deliver,
      onState: (now) => (state.value = now),
      onUnauthorized: () => useSession().forget(),
    })
  }

  function end(): void {
    stop?.()
    stop = null
  }

  function deliver(message: SseMessage): void {
    const data = JSON.parse(message.data) as Record<string, unknown>
    // "resync" comes when this browser was too slow and events were dropped.
    const gap = message.event === 'resync' || (message.event === 'hello' && !data.resumed)
    if (gap) for (const resync of [...resyncs]) resync()
    for (const handler of [...(handlers.get(message.event) ?? [])]) handler(data)
  }

  /** Handlers end with the component (or store) that subscribes. */
  function on(names: string | string[], handler: Handler): void {
    const all = Array.isArray(names) ? names : [names]
    for (const name of all) {
      const set = handlers.get(name) ?? new Set<Handler>()
      set.add(handler)
      handlers.set(name, set)
    }
    onScopeDispose(() => all.forEach((name) => handlers.get(name)?.delete(handler)))
  }

  /** Called when events may have been missed: read everything anew. */
  function onResync(handler: () => void): void {
    resyncs.add(handler)
    onScopeDispose(() => resyncs.delete(handler))
  }

  return { state, start, end, on, onResync }
})
