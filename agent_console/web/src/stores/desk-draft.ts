/**
 * Saving the form in hand: every two seconds to the server, at once in this tab. Nothing is saved
 * before what others typed for the call was read, or found to be nothing.
 */

import { ref, watch, type Ref } from 'vue'

import { api } from '@/api'
import { ApiError, sentenceOf } from '@/api/http'
import type { DraftView } from '@/api/types'
import { dropKept, writeKept } from '@/logic/kept'
import type { DraftReading } from './desk-reading'

const SAVE_EVERY_MS = 2000
/** The server will not take it, however often it is sent. */
const REFUSALS = [403, 404, 409, 413, 422]

/** Somebody else saved in between; what is stored comes with the refusal. */
const DRAFT_CHANGED = 'draft-changed'

export type SaveState = 'clean' | 'dirty' | 'saving' | 'saved' | 'failed'

export interface DraftSource {
  callId: Ref<string | null>
  /** True once an order was made of the form. */
  done: Ref<boolean>
  /** The form is somebody else's to save. */
  readOnly: Ref<boolean>
  content(): Record<string, unknown>
  storageKey(id: string | null): string
  /** The call rings here, and is not ours yet. */
  rings(): boolean
  read(id: string): Promise<DraftReading>
  /** Puts what is stored into the form. True: the form has more than that, which is to be saved. */
  join(stored: DraftView): boolean
  /** The form is complete: machine and agent may go on with it. */
  onRead(): void
  onRefused(error: unknown): void
}

export function useDraftSaving(source: DraftSource) {
  const { callId, done, readOnly, content, storageKey } = source
  const saveState = ref<SaveState>('clean')
  const savedAt = ref<string | null>(null)
  /** Why the server will never take it; empty: it is only out of reach. */
  const refusal = ref('')
  /** What is stored for this call was read since the call is ours. */
  const known = ref(false)
  /** What the form began with: as it was read or saved last; null: nothing was stored. */
  const base = ref<DraftView | null>(null)
  /** What somebody else saved in between was put into the form. */
  const joinedLate = ref(false)

  function changed(): void {
    saveState.value = 'dirty'
    refusal.value = ''
    keep()
  }

  function keep(): void {
    writeKept(storageKey(callId.value), { ...content(), base: base.value })
  }

  function isClean(): void {
    saveState.value = 'clean'
    savedAt.value = null
    refusal.value = ''
  }

  /** Another call: nothing is known of its draft. */
  function forget(): void {
    isClean()
    known.value = false
    base.value = null
    joinedLate.value = false
  }

  /** The form is meant as it is: it does not go back to what was stored for a former order. */
  function isBase(): void {
    base.value = { content: content(), updated_at: base.value?.updated_at ?? '' }
  }

  // --- reading --------------------------------------------------------------------------------

  /** True: the form has what is stored, and may be saved. */
  async function read(): Promise<boolean> {
    const id = callId.value
    if (!id || done.value) return false
    const began = base.value
    const { draft, ours } = await source.read(id)
    if (id !== callId.value || done.value) return false
    // Saved meanwhile: what was read is older.
    if (draft && began === base.value) take(draft)
    if (!ours || readOnly.value) return false
    known.value = true
    source.onRead()
    return true
  }

  function take(stored: DraftView): void {
    // Nobody has saved since: what is here is newer.
    if (stored.updated_at === base.value?.updated_at) return
    const more = source.join(stored)
    base.value = stored
    savedAt.value = stored.updated_at
    if (more) changed()
    else saveState.value = 'saved'
  }

  async function tryToRead(): Promise<boolean> {
    try {
      return await read()
    } catch {
      // Asked for again with the next round.
      return false
    }
  }

  // --- saving ---------------------------------------------------------------------------------

  /** One after the other, so that the older text never comes last. */
  let sending = Promise.resolve()

  async function save(): Promise<void> {
    const id = callId.value
    if (!id || done.value || saveState.value === 'saving' || readOnly.value) return
    if (!known.value && !(await tryToRead())) return
    if (id !== callId.value) return
    const sent = content()
    saveState.value = 'saving'
    sending = sending.then(() => send(id, sent))
    await sending
  }

  async function send(id: string, sent: Record<string, unknown>): Promise<void> {
    try {
      const answer = await api.saveDraft(id, basedOn(sent))
      if (id === callId.value) taken(id, sent, answer.updated_at)
    } catch (error) {
      if (id === callId.value) failed(error)
    }
  }

  function basedOn(words: Record<string, unknown>) {
    return { content: words, based_on: base.value?.updated_at || null }
  }

  function taken(id: string, sent: Record<string, unknown>, at: string): void {
    savedAt.value = at
    base.value = { content: sent, updated_at: at }
    // Typed meanwhile: the next round saves again.
    const same = JSON.stringify(sent) === JSON.stringify(content())
    saveState.value = same ? 'saved' : 'dirty'
    if (same) dropKept(storageKey(id))
  }

  function failed(error: unknown): void {
    if (error instanceof ApiError && error.code === DRAFT_CHANGED) return outrun(error)
    saveState.value = 'failed'
    if (!(error instanceof ApiError) || !REFUSALS.includes(error.status)) return
    refusal.value = sentenceOf(error)
    source.onRefused(error)
  }

  /** Both texts go into the form; the next round saves it, based on what is stored now. */
  function outrun({ extra }: ApiError): void {
    take({
      content: extra.content as DraftView['content'],
      updated_at: String(extra.updated_at),
    })
    joinedLate.value = true
  }

  /** What was typed in the last moments, before the call leaves our hands. */
  async function flush(): Promise<void> {
    await sending
    if (unsaved()) await save()
  }

  function unsaved(): boolean {
    return saveState.value === 'dirty' || saveState.value === 'failed'
  }

  function nextRound(): void {
    if (unsaved() && !refusal.value) void save()
    else if (callId.value && !known.value && !readOnly.value && !source.rings()) void tryToRead()
  }

  setInterval(nextRound, SAVE_EVERY_MS)

  watch(
    readOnly,
    (closed) => {
      // Whoever has the call now writes on.
      if (closed) known.value = false
      // A call that comes back is ours to write again.
      else refusal.value = ''
    },
    { flush: 'sync' },
  )

  window.addEventListener('pagehide', () => {
    if (callId.value && known.value && saveState.value === 'dirty' && !readOnly.value) {
      api.saveDraft(callId.value, basedOn(content()), true).catch(() => {})
    }
  })

  return {
    saveState,
    savedAt,
    refusal,
    known,
    base,
    joinedLate,
    changed,
    isClean,
    isBase,
    forget,
    read,
    save,
    flush,
    unsaved,
  }
}
