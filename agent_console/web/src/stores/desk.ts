/**
 * The agent's desk for one call: transcript, what the machine understood, and the order form.
 * Outlives page changes. The form is saved every two seconds under the call's id, here and at the
 * server, and stays after the call until an order was made of it or the agent clears it.
 */

import { defineStore } from 'pinia'
import { computed, nextTick, ref, watch } from 'vue'

import { api } from '@/api'
import { ApiError, sentenceOf } from '@/api/http'
import type { CallDetail, Candidate, DraftView, Fact, OrderForm, Understanding } from '@/api/types'
import {
  fromDraft,
  hasContent,
  newSheet,
  timeWords,
  toDraft,
  withEdit,
  withProposals,
  type Sheet,
} from '@/logic/form'
import { dropKept, readKept, writeKept } from '@/logic/kept'
import { insertAt, type Cursor } from '@/logic/text'
import { merged, withUtterance, wordsOf, type Spoken } from '@/logic/transcript'
import { useAgent } from './agent'
import { useDraftSaving } from './desk-draft'
import { useOrderSending } from './desk-order'
import { useLive } from './live'
import { useSession } from './session'

const LOAD_TRIES = 5
const LAST_WORDS_MS = 5000

export type { SaveState } from './desk-draft'
export type TextField =
  | 'title'
  | 'place'
  | 'occurred'
  | 'caller_name'
  | 'caller_phone'
  | 'callback_phone'
  | 'content'
  | 'demand'
  | 'public_answer'

/** Where a fact of a kind belongs. */
const FIELD_OF_FACT: Record<string, TextField> = {
  place: 'place',
  time: 'occurred',
  phone: 'callback_phone',
  person: 'caller_name',
  demand: 'demand',
}

export const useDesk = defineStore('desk', () => {
  const live = useLive()
  const agent = useAgent()
  const session = useSession()

  const callId = ref<string | null>(null)
  const detail = ref<CallDetail | null>(null)
  const utterances = ref<Spoken[]>([])
  const understanding = ref<Understanding | null>(null)
  const sheet = ref<Sheet>(newSheet())
  const publicAnswer = ref('')
  const loadProblem = ref('')
  /** The citizen's grade of the service, by key after the talk. */
  const rating = ref<string | null>(null)
  /** To whom this call was handed on. */
  const handedTo = ref('')
  const setAside = ref<string | null>(null)
  const focus = ref<{ field: TextField; cursor: Cursor | null } | null>(null)
  const fieldInUse = ref<TextField | null>(null)

  const form = computed(() => sheet.value.form)
  const number = computed(
    () => detail.value?.call.caller_number ?? numberOfCurrentCall() ?? '',
  )

  function numberOfCurrentCall(): string | undefined {
    return agent.call?.call_id === callId.value ? agent.call?.caller_number : undefined
  }

  /** A colleague's call that one is asked about: the form is the colleague's. */
  function isGuest(): boolean {
    return !!callId.value && agent.call?.call_id === callId.value && !agent.holdsCall
  }

  const guest = computed(isGuest)

  function storageKey(id: string | null): string {
    return `desk:${session.staff?.id ?? ''}:${id ?? 'none'}`
  }

  /** Which call's form this tab has open, for a reload after the call's end. */
  function openKey(): string {
    return `desk-open:${session.staff?.id ?? ''}`
  }

  const order = useOrderSending({
    callId,
    form,
    publicAnswer,
    circumstances: () => ({
      contact_id: detail.value?.call.contact_id ?? null,
      proposal: understanding.value,
    }),
    onSent: (id) => {
      dropKept(storageKey(id))
      if (id !== callId.value) return
      dropKept(openKey())
      saving.isClean()
      void refresh()
    },
  })
  const { opened, done, problem, faults, sending, check, submit } = order
  const saving = useDraftSaving({ callId, done, content: draftContent, storageKey, isGuest })
  const { saveState, savedAt, changed, save } = saving

  // --- which call -----------------------------------------------------------------------------

  /** Brings a call to the desk. What was typed for the former one is saved first. */
  async function open(id: string): Promise<void> {
    if (id === callId.value) return
    const former = callId.value
    if (former && saveState.value === 'dirty') void save()
    setAside.value = former && !done.value && hasContent(sheet.value) ? former : null
    reset(id)
    writeKept(openKey(), id)
    recoverLocal()
    await load()
  }

  /** Back to waiting. The draft stays at the server. */
  function standBy(): void {
    if (saveState.value === 'dirty') void save()
    reset(null)
    dropKept(openKey())
    recoverLocal()
  }

  function reset(id: string | null): void {
    callId.value = id
    detail.value = null
    utterances.value = []
    understanding.value = null
    sheet.value = newSheet(numberOfCurrentCall() ?? '')
    publicAnswer.value = ''
    rating.value = null
    handedTo.value = ''
    loadProblem.value = ''
    focus.value = null
    order.forget()
    saving.isClean()
  }

  function recoverLocal(): void {
    const kept = readKept<Record<string, unknown>>(storageKey(callId.value))
    if (!kept) return
    sheet.value = fromDraft(kept, numberOfCurrentCall() ?? '')
    publicAnswer.value = String(kept.public_answer ?? '')
    if (callId.value) saveState.value = 'dirty'
  }

  /** `handedOver`: the call has just become ours, and its draft with it. */
  async function load(handedOver = false): Promise<void> {
    const id = callId.value
    if (!id) return
    loadProblem.value = ''
    try {
      const [call, draft] = await Promise.all([callWithPatience(id), draftOf(id, handedOver)])
      if (id !== callId.value) return
      takeDetail(call)
      if (draft && saveState.value === 'clean') takeDraft(draft.content, draft.updated_at)
      if (understanding.value) propose(understanding.value)
    } catch (error) {
      if (id === callId.value) loadProblem.value = sentenceOf(error)
    }
  }

  /** The screen pop may be faster than the call's record. */
  async function callWithPatience(id: string): Promise<CallDetail> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await api.call(id)
      } catch (error) {
        const missingYet = error instanceof ApiError && error.status === 404
        if (!missingYet || attempt >= LOAD_TRIES) throw error
        await new Promise((resolve) => setTimeout(resolve, 300 * attempt))
      }
    }
  }

  async function draftOf(id: string, handedOver: boolean): Promise<DraftView | null> {
    // A call in hand came together with its draft; only earlier ones are asked for.
    if (agent.presence?.call_id === id && !handedOver) return agent.draft?.callId === id ? agent.draft : null
    try {
      return await api.draft(id)
    } catch (error) {
      if (error instanceof ApiError && [403, 404].includes(error.status)) return null
      throw error
    }
  }

  /** The call's record anew, as it is after the answer, the end, or a new order. */
  async function refresh(): Promise<void> {
    const id = callId.value
    if (!id) return
    try {
      const call = await api.call(id)
      if (id === callId.value) takeDetail(call)
    } catch {
      // What is shown stays; the next event reads it again.
    }
  }

  function takeDetail(call: CallDetail): void {
    detail.value = call
    utterances.value = merged(call.utterances, utterances.value)
    understanding.value = call.understanding ?? understanding.value
    rating.value = call.call.satisfaction ?? rating.value
    if (!sheet.value.form.caller_phone && sheet.value.origins.caller_phone !== 'agent') {
      const fresh = newSheet(call.call.caller_number)
      sheet.value = {
        form: { ...sheet.value.form, caller_phone: fresh.form.caller_phone },
        origins: { ...sheet.value.origins, ...fresh.origins },
      }
    }
  }

  function takeDraft(content: Record<string, unknown>, at: string): void {
    if (hasContent(sheet.value)) return
    sheet.value = fromDraft(content, number.value)
    publicAnswer.value = String(content.public_answer ?? '')
    saveState.value = 'saved'
    savedAt.value = at
  }

  // --- what is heard and understood -----------------------------------------------------------

  live.on('UtteranceHeard', (data) => {
    const heard = data.utterance as Spoken & { call_id: string }
    if (heard.call_id === callId.value) utterances.value = withUtterance(utterances.value, heard)
  })
  live.on('CallAnswered', (data) => {
    if (data.call_id === callId.value) void refresh()
  })
  live.on('RequestUnderstood', (data) => {
    if (data.call_id !== callId.value) return
    understanding.value = data.understanding as Understanding
    propose(understanding.value)
  })
  live.on('TranscriptCompleted', (data) => {
    if (data.call_id === callId.value) void load()
  })
  live.on('CallTransferred', (data) => {
    if (data.call_id !== callId.value) return
    handedTo.value = data.from_agent_id === session.staff?.id ? String(data.to_name) : ''
  })
  live.on('CallRated', (data) => {
    if (data.call_id === callId.value) rating.value = String(data.satisfaction)
  })
  live.onResync(() => void load())
  live.on('CallEnded', (data) => {
    if (data.call_id !== callId.value) return
    void refresh()
    // What is still grey a moment later will never become final.
    setTimeout(() => {
      if (data.call_id === callId.value) {
        utterances.value = utterances.value.filter((item) => item.final)
      }
    }, LAST_WORDS_MS)
  })

  function propose(news: Understanding): void {
    if (done.value || isGuest()) return
    const before = JSON.stringify(sheet.value.form)
    sheet.value = withProposals(sheet.value, news, {
      callerNumber: number.value,
      busyField: fieldInUse.value,
    })
    if (JSON.stringify(sheet.value.form) !== before) changed()
  }

  // --- editing --------------------------------------------------------------------------------

  function edit<K extends keyof OrderForm>(field: K, value: OrderForm[K]): void {
    if (sheet.value.form[field] === value && sheet.value.origins[field] === 'agent') return
    sheet.value = withEdit(sheet.value, field, value)
    order.clearFault(field)
    changed()
  }

  function editAnswer(text: string): void {
    publicAnswer.value = text
    changed()
  }

  function draftContent(): Record<string, unknown> {
    return { ...toDraft(sheet.value), public_answer: publicAnswer.value }
  }

  function accept(field: 'request_type' | 'category' | 'lead_department', item: Candidate): void {
    edit(field, item.code)
  }

  /** Puts spoken words where the cursor last was; into the content when it was nowhere. */
  function insert(text: string): void {
    const field = focus.value?.field ?? 'content'
    const value = field === 'public_answer' ? publicAnswer.value : sheet.value.form[field]
    const placed = insertAt(value, text, focus.value?.cursor ?? null)
    write(field, placed.value)
    focus.value = { field, cursor: { start: placed.caret, end: placed.caret } }
    void nextTick(() => showCursor(field, placed.caret))
  }

  function useFact(fact: Fact): void {
    const field = FIELD_OF_FACT[fact.kind]
    if (!field) insert(fact.value || fact.text)
    else if (fact.kind === 'time') write(field, timeWords(fact))
    else write(field, fact.kind === 'demand' ? fact.text : fact.value)
  }

  function write(field: TextField, text: string): void {
    if (field === 'public_answer') editAnswer(text)
    else edit(field, text)
  }

  function showCursor(field: TextField, caret: number): void {
    const selector = `[data-field="${field}"] input, [data-field="${field}"] textarea`
    const element = document.querySelector<HTMLInputElement | HTMLTextAreaElement>(selector)
    element?.focus()
    element?.setSelectionRange(caret, caret)
  }

  /** The citizen's own words as the content's beginning. */
  function takeWords(): void {
    const words = wordsOf(utterances.value, 'CALLER')
    if (!words) return
    const present = form.value.content.trim()
    edit('content', present ? `${present}\n${words}` : words)
  }

  // --- another order in the same call ----------------------------------------------------------

  /** A second demand in the same call: caller and place of speaking stay, the rest is new. */
  function another(): void {
    const { caller_name, caller_phone, callback_phone } = form.value
    const { origins } = sheet.value
    const blank = newSheet(caller_phone)
    sheet.value = {
      form: { ...blank.form, caller_name, callback_phone },
      origins: {
        caller_phone: origins.caller_phone,
        caller_name: origins.caller_name,
        callback_phone: origins.callback_phone,
        // The machine's words are about the first demand.
        title: 'agent',
        place: 'agent',
        occurred: 'agent',
        demand: 'agent',
      },
    }
    publicAnswer.value = ''
    order.resume()
    if (callId.value) writeKept(openKey(), callId.value)
  }

  // --- the desk follows the calls -------------------------------------------------------------

  watch(
    () => agent.call,
    (call) => {
      const watched = call?.call_id === agent.watching && !agent.holdsCall
      if (call?.direction !== 'INBOUND' || watched) return
      if (session.may('order.create')) void open(call.call_id)
    },
    { immediate: true },
  )
  /** A call that a colleague handed over comes with what he had typed. */
  watch(
    () => agent.holdsCall,
    (holds) => {
      if (holds && agent.call?.call_id === callId.value && saveState.value === 'clean') void load(true)
    },
  )
  /** After a reload: the call whose form was open, unless another one is in hand. */
  const stopWaiting = watch(
    () => agent.presence,
    (presence) => {
      if (!presence) return
      void nextTick(() => stopWaiting())
      const left = readKept<string>(openKey())
      if (left && !agent.call && !callId.value) void open(left)
    },
    { immediate: true },
  )
  watch(
    () => agent.presence?.state,
    (state) => {
      const idle = !agent.call && state === 'READY'
      if (idle && callId.value && (done.value || !hasContent(sheet.value))) standBy()
    },
  )
  if (!callId.value) recoverLocal()

  return {
    callId,
    detail,
    utterances,
    understanding,
    sheet,
    form,
    number,
    publicAnswer,
    opened,
    done,
    problem,
    faults,
    sending,
    loadProblem,
    guest,
    rating,
    handedTo,
    saveState,
    savedAt,
    setAside,
    focus,
    fieldInUse,
    open,
    standBy,
    load,
    edit,
    editAnswer,
    accept,
    insert,
    useFact,
    takeWords,
    save,
    check,
    submit,
    takeOrder: order.take,
    another,
  }
})
