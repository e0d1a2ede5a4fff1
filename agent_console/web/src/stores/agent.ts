/**
 * The agent's seat: presence, the call in hand, and the telephone. The server owns state and call;
 * this store shows them, passes commands on, and keeps the browser's telephone registered.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { api } from '@/api'
import { sentenceOf } from '@/api/http'
import type { AgentView, CallView, DraftView, Presence } from '@/api/types'
import type { MicProblem } from '@/logic/microphone'
import { closeMicrophone, isAlive, MicError, openMicrophone } from '@/phone/microphone'
import { Ringer } from '@/phone/ringer'
import { lockSeat, type SeatLock } from '@/phone/seat'
import { SoftPhone, type CallPhase, type LineState, type Ring } from '@/phone/softphone'
import { useLive } from './live'
import { useSession } from './session'

/** A call that we asked for must ring here within this time to be answered by itself. */
const OWN_CALL_MS = 30_000

export interface EndedCall {
  call_id: string
  outcome: string
  reason: string
  transcript_incomplete: boolean
}

export const useAgent = defineStore('agent', () => {
  const live = useLive()
  const session = useSession()

  const presence = ref<Presence | null>(null)
  const call = ref<CallView | null>(null)
  /** What was typed for the call in hand, as the server had it at the last reading. */
  const draft = ref<(DraftView & { callId: string }) | null>(null)
  const ended = ref<EndedCall | null>(null)
  const waiting = ref<number | null>(null)
  const exchangeOnline = ref(true)

  const line = ref<LineState>('off')
  const lineReason = ref('')
  const phase = ref<CallPhase>('idle')
  const muted = ref(false)
  const soundBlocked = ref(false)
  const micTrouble = ref<MicProblem | null>(null)
  const seatElsewhere = ref(false)
  const trouble = ref('')
  const busy = ref(false)

  const phone = shallowRef<SoftPhone | null>(null)
  const ringer = new Ringer()
  let microphone: MediaStream | null = null
  let lock: SeatLock | null = null
  let ownCallUntil = 0

  const signedIn = computed(() => !!presence.value && presence.value.state !== 'OFFLINE')
  const talking = computed(() => ['TALKING', 'HELD'].includes(call.value?.state ?? ''))
  const held = computed(() => call.value?.state === 'HELD')
  const canAnswer = computed(() => phase.value === 'ringing')

  // --- the server's picture -------------------------------------------------------------------

  let refreshing = false
  let again = false

  /** Reads the present state. Calls in quick succession become one more read after the running. */
  async function refresh(): Promise<void> {
    if (refreshing) {
      again = true
      return
    }
    refreshing = true
    try {
      do {
        again = false
        const view = await api.agent()
        if (!again) take(view)
      } while (again)
    } finally {
      refreshing = false
    }
  }

  function refreshQuietly(): void {
    // The next event or the reconnect of the live line reads again.
    refresh().catch(() => {})
  }

  function take(view: AgentView): void {
    presence.value = view.presence
    // The call may be named a moment longer than it lasts.
    call.value = view.call?.state === 'ENDED' ? null : view.call
    draft.value = view.call && view.draft ? { callId: view.call.call_id, ...view.draft } : null
    answerOwnCall()
  }

  async function refreshFloor(): Promise<void> {
    try {
      const floor = await api.floor()
      waiting.value = floor.waiting.length
      exchangeOnline.value = floor.exchange_online
    } catch {
      waiting.value = null
    }
  }

  function isMine(data: Record<string, unknown>): boolean {
    return data.agent_id === session.staff?.id
  }

  function viewOf(data: Record<string, unknown>, state: string): CallView {
    const known = call.value?.call_id === data.call_id ? call.value : null
    return {
      call_id: String(data.call_id),
      contact_id: (data.contact_id as string | null) ?? known?.contact_id ?? null,
      direction: String(data.direction),
      state,
      caller_number: String(data.caller_number || known?.caller_number || ''),
      agent_id: String(data.agent_id),
      started_at: known?.started_at ?? String(data.at),
      queued_at: known?.queued_at ?? null,
      answered_at: known?.answered_at ?? null,
      order_id: (data.order_id as string | null) ?? known?.order_id ?? null,
    }
  }

  live.on('CallRinging', (data) => {
    if (!isMine(data)) return
    call.value = viewOf(data, 'RINGING')
    answerOwnCall()
    refreshQuietly()
  })
  live.on('CallAnswered', (data) => {
    if (!isMine(data)) return
    call.value = { ...viewOf(data, 'TALKING'), answered_at: String(data.at) }
    refreshQuietly()
  })
  live.on('CallStateChanged', (data) => {
    if (!isMine(data)) return
    call.value = viewOf(data, String(data.state))
    refreshQuietly()
  })
  live.on('CallEnded', (data) => {
    if (!isMine(data) && data.call_id !== call.value?.call_id) return
    ended.value = {
      call_id: String(data.call_id),
      outcome: String(data.outcome),
      reason: String(data.reason ?? ''),
      transcript_incomplete: Boolean(data.transcript_incomplete),
    }
    if (call.value?.call_id === data.call_id) call.value = null
    refreshQuietly()
  })
  live.on('AgentStateChanged', (data) => {
    if (isMine(data)) {
      if (presence.value) {
        const { state, since, reason, call_id } = data as unknown as Presence
        presence.value = { ...presence.value, state, since, reason, call_id, until: null }
      }
      refreshQuietly()
    }
    void floorSoon()
  })
  live.on(['CallQueued', 'CallOffered', 'CallEnded', 'CallAnswered', 'CallRinging'], floorSoon)
  live.onResync(() => {
    if (!session.hasSeat) return
    refreshQuietly()
    floorSoon()
  })

  let floorTimer: ReturnType<typeof setTimeout> | null = null
  function floorSoon(): void {
    if (!signedIn.value || floorTimer) return
    floorTimer = setTimeout(() => {
      floorTimer = null
      void refreshFloor()
    }, 300)
  }
  setInterval(() => {
    if (signedIn.value && document.visibilityState === 'visible') void refreshFloor()
  }, 10_000)

  // --- the telephone --------------------------------------------------------------------------

  async function microphoneNow(): Promise<MediaStream> {
    if (!isAlive(microphone)) microphone = await openMicrophone()
    micTrouble.value = null
    return microphone
  }

  function onMicError(error: unknown): void {
    if (error instanceof MicError) micTrouble.value = error.problem
    else trouble.value = sentenceOf(error)
  }

  function isOwnCall(): boolean {
    return Date.now() < ownCallUntil || call.value?.direction === 'OUTBOUND' || talking.value
  }

  /** A call that this agent began, or is in the midst of, is answered without ringing. */
  function answerOwnCall(): void {
    if (phase.value === 'ringing' && isOwnCall()) void answer()
  }

  function onRing(_ring: Ring): boolean {
    if (isOwnCall()) return true
    ringer.start('incoming')
    return false
  }

  function onPhase(now: CallPhase, _cause: string): void {
    phase.value = now
    if (now !== 'ringing') ringer.stop()
    if (now === 'talking' || now === 'idle') ownCallUntil = 0
    if (now === 'idle') {
      muted.value = false
      soundBlocked.value = false
    }
  }

  async function startPhone(): Promise<void> {
    const answer = await api.agentSignIn()
    presence.value = answer.presence
    phone.value?.stop()
    const hooks = {
      onLine: (state: LineState, reason: string) => {
        line.value = state
        lineReason.value = reason
      },
      onPhase,
      onRing,
      microphone: microphoneNow,
      onSoundBlocked: () => (soundBlocked.value = true),
      onMicError,
    }
    const next = new SoftPhone(answer.account, answer.sip_path, hooks, answer.ice_servers)
    phone.value = next
    await next.start()
  }

  /** Takes the seat: page lock, microphone, account, registration. */
  async function signIn(takeOver = false): Promise<void> {
    trouble.value = ''
    lock ??= await lockSeat(takeOver, seatStolen)
    seatElsewhere.value = !lock
    if (!lock) return
    try {
      await microphoneNow()
      await startPhone()
      await refresh()
      floorSoon()
    } catch (error) {
      onMicError(error)
      if (!phone.value) releaseSeat()
    }
  }

  function seatStolen(): void {
    lock = null
    seatElsewhere.value = true
    dropPhone()
  }

  /** After a page load: go on where the server says we were. */
  async function restore(): Promise<void> {
    if (!session.hasSeat || phone.value) return
    await refresh()
    if (signedIn.value) await signIn()
  }

  async function signOut(): Promise<void> {
    await command(async () => {
      await api.agentSignOut()
      dropPhone()
      releaseSeat()
      await refresh()
    })
  }

  function dropPhone(): void {
    phone.value?.stop()
    phone.value = null
    ringer.stop()
    closeMicrophone(microphone)
    microphone = null
  }

  function releaseSeat(): void {
    lock?.release()
    lock = null
  }

  /** The person signs out of the console: nothing may go on ringing. */
  function leave(): void {
    dropPhone()
    releaseSeat()
    presence.value = null
    call.value = null
    line.value = 'off'
  }

  // --- commands -------------------------------------------------------------------------------

  async function command(work: () => Promise<void>): Promise<void> {
    trouble.value = ''
    busy.value = true
    try {
      await work()
    } catch (error) {
      trouble.value = sentenceOf(error)
    } finally {
      busy.value = false
    }
  }

  async function answer(): Promise<void> {
    ringer.stop()
    await phone.value?.answer()
  }

  function setState(state: string, reason = ''): Promise<void> {
    return command(async () => {
      presence.value =
        state === 'READY' && presence.value?.state === 'WRAP_UP'
          ? await api.wrapUpDone()
          : await api.setAgentState(state, reason)
    })
  }

  function toggleHold(): Promise<void> {
    const current = call.value
    if (!current || !talking.value) return Promise.resolve()
    return command(() => api.callCommand(current.call_id, held.value ? 'resume' : 'hold'))
  }

  function toggleMute(): void {
    if (phase.value !== 'talking') return
    muted.value = !muted.value
    phone.value?.setMuted(muted.value)
  }

  function hangUp(): Promise<void> {
    const current = call.value
    return command(async () => {
      if (current) await api.callCommand(current.call_id, 'hang-up')
      else phone.value?.hangUp()
    })
  }

  /** Rings our own phone, then the citizen's. Returns the call's id, or null with `trouble` set. */
  async function callOut(number: string, orderId?: string): Promise<string | null> {
    let callId: string | null = null
    ownCallUntil = Date.now() + OWN_CALL_MS
    await command(async () => {
      callId = (await api.callOut(number, orderId)).call_id
      refreshQuietly()
    })
    if (!callId) ownCallUntil = 0
    return callId
  }

  async function allowSound(): Promise<void> {
    await phone.value?.allowSound()
    soundBlocked.value = false
  }

  return {
    presence,
    call,
    draft,
    ended,
    waiting,
    exchangeOnline,
    line,
    lineReason,
    phase,
    muted,
    soundBlocked,
    micTrouble,
    seatElsewhere,
    trouble,
    busy,
    signedIn,
    talking,
    held,
    canAnswer,
    refresh,
    restore,
    signIn,
    signOut,
    leave,
    answer,
    setState,
    toggleHold,
    toggleMute,
    hangUp,
    callOut,
    allowSound,
  }
})
