/** Saving the form in hand: every two seconds to the server, at once in this tab. */

import { ref, type Ref } from 'vue'

import { api } from '@/api'
import { ApiError } from '@/api/http'
import { writeKept } from '@/logic/kept'

const SAVE_EVERY_MS = 2000
/** The server will not take it, however often it is sent: someone else holds the call now. */
const REFUSALS = [403, 404, 409]

export type SaveState = 'clean' | 'dirty' | 'saving' | 'saved' | 'failed'

export interface DraftSource {
  callId: Ref<string | null>
  /** True once an order was made of the form. */
  done: Ref<boolean>
  content(): Record<string, unknown>
  storageKey(id: string | null): string
  /** The form is somebody else's to save. */
  isGuest(): boolean
}

export function useDraftSaving({ callId, done, content, storageKey, isGuest }: DraftSource) {
  const saveState = ref<SaveState>('clean')
  const savedAt = ref<string | null>(null)
  let refusedFor: string | null = null

  function changed(): void {
    saveState.value = 'dirty'
    refusedFor = null
    writeKept(storageKey(callId.value), content())
  }

  function isClean(): void {
    saveState.value = 'clean'
    savedAt.value = null
    refusedFor = null
  }

  async function save(): Promise<void> {
    const id = callId.value
    if (!id || done.value || saveState.value === 'saving' || isGuest()) return
    saveState.value = 'saving'
    const sent = content()
    try {
      const answer = await api.saveDraft(id, sent)
      if (id !== callId.value) return
      savedAt.value = answer.updated_at
      // Typed meanwhile: the next round saves again.
      const same = JSON.stringify(sent) === JSON.stringify(content())
      saveState.value = same ? 'saved' : 'dirty'
    } catch (error) {
      if (id !== callId.value) return
      saveState.value = 'failed'
      if (error instanceof ApiError && REFUSALS.includes(error.status)) refusedFor = id
    }
  }

  setInterval(() => {
    const waits = saveState.value === 'dirty' || saveState.value === 'failed'
    if (waits && refusedFor !== callId.value) void save()
  }, SAVE_EVERY_MS)

  window.addEventListener('pagehide', () => {
    if (callId.value && saveState.value === 'dirty') {
      api.saveDraft(callId.value, content(), true).catch(() => {})
    }
  })

  return { saveState, savedAt, changed, isClean, save }
}
