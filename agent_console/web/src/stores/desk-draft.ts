/** Saving the form in hand: every two seconds to the server, at once in this tab. */

import { ref, watch, type Ref } from 'vue'

import { api } from '@/api'
import { ApiError, sentenceOf } from '@/api/http'
import { dropKept, writeKept } from '@/logic/kept'

const SAVE_EVERY_MS = 2000
/** The server will not take it, however often it is sent. */
const REFUSALS = [403, 404, 409, 413, 422]

export type SaveState = 'clean' | 'dirty' | 'saving' | 'saved' | 'failed'

export interface DraftSource {
  callId: Ref<string | null>
  /** True once an order was made of the form. */
  done: Ref<boolean>
  /** The form is somebody else's to save. */
  readOnly: Ref<boolean>
  content(): Record<string, unknown>
  storageKey(id: string | null): string
  onRefused(error: unknown): void
}

export function useDraftSaving(source: DraftSource) {
  const { callId, done, readOnly, content, storageKey } = source
  const saveState = ref<SaveState>('clean')
  const savedAt = ref<string | null>(null)
  /** Why the server will never take it; empty: it is only out of reach. */
  const refusal = ref('')

  function changed(): void {
    saveState.value = 'dirty'
    refusal.value = ''
    writeKept(storageKey(callId.value), content())
  }

  function isClean(): void {
    saveState.value = 'clean'
    savedAt.value = null
    refusal.value = ''
  }

  async function save(): Promise<void> {
    const id = callId.value
    if (!id || done.value || saveState.value === 'saving' || readOnly.value) return
    saveState.value = 'saving'
    const sent = content()
    try {
      const answer = await api.saveDraft(id, sent)
      if (id === callId.value) taken(id, sent, answer.updated_at)
    } catch (error) {
      if (id === callId.value) failed(error)
    }
  }

  function taken(id: string, sent: Record<string, unknown>, at: string): void {
    savedAt.value = at
    // Typed meanwhile: the next round saves again.
    const same = JSON.stringify(sent) === JSON.stringify(content())
    saveState.value = same ? 'saved' : 'dirty'
    if (same) dropKept(storageKey(id))
  }

  function failed(error: unknown): void {
    saveState.value = 'failed'
    if (!(error instanceof ApiError) || !REFUSALS.includes(error.status)) return
    refusal.value = sentenceOf(error)
    source.onRefused(error)
  }

  /** What was typed in the last moments, before the call leaves our hands. */
  async function flush(): Promise<void> {
    if (unsaved()) await save()
  }

  function unsaved(): boolean {
    return saveState.value === 'dirty' || saveState.value === 'failed'
  }

  setInterval(() => {
    if (unsaved() && !refusal.value) void save()
  }, SAVE_EVERY_MS)

  // A call that comes back is ours to write again.
  watch(readOnly, (closed) => {
    if (!closed) refusal.value = ''
  })

  window.addEventListener('pagehide', () => {
    if (callId.value && saveState.value === 'dirty' && !readOnly.value) {
      api.saveDraft(callId.value, content(), true).catch(() => {})
    }
  })

  return { saveState, savedAt, refusal, changed, isClean, save, flush, unsaved }
}
