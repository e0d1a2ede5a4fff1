/**
 * The agent's desk for one call: transcript, what the machine understood, and the order form.
 * Outlives page changes. The form is saved every two seconds under the call's id, here and at the
 * server, and stays after the call until an order was made of it or the agent clears it.
 */

import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'

import { api } from '@/api'
import { sentenceOf } from '@/api/http'
import type { CallDetail, Correction, DraftView, Understanding } from '@/api/types'
import { fromDraft, hasContent, newSheet, nextDemand, toDraft, withProposals, type Sheet } from '@/logic/form'
import { dropKept, readKept, writeKept } from '@/logic/kept'
import { joined } from '@/logic/merge'
import { merged, withUtterance, type Spoken } from '@/logic/transcript'
import { useAgent } from './agent'
import { useDraftSaving } from './desk-draft'
import { useEditing } from './desk-editing'
import { followCalls } from './desk-following'
import { useHolder } from './desk-holder'
import { useOrderSending } from './desk-order'
import { readCall, readDraft, readLostCall } from './desk-reading'
import { useLive } from './live'
import { useSession } from './session'

const LAST_WORDS_MS = 5000

export type { SaveState } from './desk-draft'
export type { TextField } from './desk-editing'

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
  /** To whom we handed this call on. */
  const handedTo = ref('')
  /** The former call, when its form was not done with. */
  const setAside = ref<{ callId: string; readOnly: boolean } | null>(null)

  const form = computed(() => sheet.value.form)
  const number = computed(
    () => detail.value?.call.caller_number ?? numberOfCurrentCall() ?? '',
  )

  function numberOfCurrentCall(): string | undefined {
    return agent.call?.call_id === callId.value ? agent.call?.caller_number : undefined
  }

  const whose = useHolder({ callId, agent, ownId: () => session.staff?.id })
  const { guest, holder, readOnly } = whose

  function storageKey(id: string | null): string {
    return `desk:${session.staff?.id ?? ''}:${id ?? 'none'}`
  }

  /** Which call's form this tab has open, for a reload after the call's end. */
  function openKey(): string {
    return `desk-open:${session.staff?.id ?? ''}`
  }

  const rings = (): boolean => agent.call?.call_id === callId.value && agent.call?.state === 'RINGING'

  // A call that only rings is not kept: loaded anew, the page is rung again, or somebody else is.
  watch(
    () => (rings() ? null : callId.value),
    (id) => {
      if (id) writeKept(openKey(), id)
    },
  )

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
  const saving = useDraftSaving({
    callId,
    done,
    readOnly,
    content: draftContent,
    storageKey,
    rings,
    read: (id) => readDraft(id, agent),
    join: joinDraft,
    onRead: () => understanding.value && propose(understanding.value),
    onRefused: (error) => void whose.refused(error),
  })
  const { saveState, savedAt, changed, save } = saving
  const unsaved = computed(saving.unsaved)
  const { clearFault } = order
  const editing = useEditing({ sheet, publicAnswer, utterances, readOnly, changed, clearFault })

  /** Text that is worth keeping before the eyes: not yet an order, and not safe with a colleague. */
  function keepsText(): boolean {
    return !done.value && hasContent(sheet.value) && (!readOnly.value || unsaved.value)
  }

  // --- which call -----------------------------------------------------------------------------

  /** Brings a call to the desk. What was typed for the former one is saved first. */
  async function open(id: string): Promise<void> {
    if (id === callId.value) return
    const former = callId.value
    if (former && saveState.value === 'dirty') void save()
    setAside.value =
      former && keepsText() ? { callId: former, readOnly: readOnly.value } : null
    reset(id)
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
    whose.forget()
    loadProblem.value = ''
    editing.focus.value = null
    order.forget()
    saving.forget()
  }

  function recoverLocal(): void {
    const kept = readKept<Record<string, unknown>>(storageKey(callId.value))
    if (!kept) return
    sheet.value = fromDraft(kept, numberOfCurrentCall() ?? '')
    publicAnswer.value = String(kept.public_answer ?? '')
    saving.base.value = (kept.base as DraftView | undefined) ?? null
    if (callId.value) saveState.value = 'dirty'
  }

  /** `handedOver`: the call has just become ours, and its draft with it. */
  async function load(handedOver = false): Promise<void> {
    const id = callId.value
    if (!id) return
    loadProblem.value = ''
    try {
      const call = await readCall(id, () => id === callId.value)
      if (id !== callId.value) return
      takeDetail(call)
      if (handedOver || !saving.known.value) await saving.read()
      else if (understanding.value) propose(understanding.value)
    } catch (error) {
      if (id === callId.value) loadProblem.value = sentenceOf(error)
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
    whose.read(call)
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

  function joinDraft({ content: stored }: DraftView): boolean {
    const { content, ours } = joined(draftContent(), stored, saving.base.value?.content ?? null)
    sheet.value = fromDraft(content, number.value)
    publicAnswer.value = String(content.public_answer ?? '')
    return ours
  }

  function draftContent(): Record<string, unknown> {
    return { ...toDraft(sheet.value), public_answer: publicAnswer.value }
  }

  // --- what is heard and understood -----------------------------------------------------------

  live.on('UtteranceHeard', (data) => {
    const heard = data.utterance as Spoken & { call_id: string }
    if (heard.call_id === callId.value) utterances.value = withUtterance(utterances.value, heard)
  })
  /** A correction was taken back or made again. */
  function reread(item: Spoken, text: string, corrections: Correction[]): void {
    utterances.value = withUtterance(utterances.value, { ...item, text, corrections })
  }

  live.on('SpeechModeChanged', (data) => {
    if (data.call_id !== callId.value || !detail.value) return
    const modes = { ...detail.value.speech_modes, [String(data.leg)]: String(data.mode) }
    detail.value = { ...detail.value, speech_modes: modes }
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
    const name = String(data.to_name)
    handedTo.value = data.from_agent_id === session.staff?.id ? name : ''
    whose.handedOn(data.agent_id, name)
    void refresh()
  })
  live.on('CallQueued', (data) => {
    if (data.call_id === callId.value && handedTo.value) whose.waits()
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
    // Before the stored form is there, the machine's words would count as the form.
    if (done.value || readOnly.value || !saving.known.value) return
    const before = JSON.stringify(sheet.value.form)
    sheet.value = withProposals(sheet.value, news, {
      callerNumber: number.value,
      busyField: editing.fieldInUse.value,
    })
    if (JSON.stringify(sheet.value.form) !== before) changed()
  }

  // --- another order in the same call ----------------------------------------------------------

  /** A second demand in the same call. */
  function another(): void {
    sheet.value = nextDemand(sheet.value)
    publicAnswer.value = ''
    order.resume()
    saving.isBase()
    if (callId.value) writeKept(openKey(), callId.value)
  }

  // --- the desk follows the calls -------------------------------------------------------------

  followCalls(agent, {
    callId,
    keepsText,
    mayOpen: () => session.may('order.create'),
    left: () => readKept<string>(openKey()),
    open,
    lostCall: readLostCall,
    load,
    standBy,
  })
  if (!callId.value) recoverLocal()

  return {
    callId,
    detail,
    utterances,
    reread,
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
    holder,
    readOnly,
    rating,
    handedTo,
    saveState,
    savedAt,
    refusal: saving.refusal,
    joinedLate: saving.joinedLate,
    unsaved,
    setAside,
    open,
    standBy,
    load,
    ...editing,
    save,
    flush: saving.flush,
    check,
    submit,
    takeOrder: order.take,
    another,
  }
})
