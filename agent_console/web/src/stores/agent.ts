/**
 * The agent's seat: presence, the call in hand, and the telephone. The server owns state and call;
 * this store shows them, passes commands on, and keeps the browser's telephone registered.
 */

import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'

import { api } from '@/api'
import { floorApi } from '@/api/floor'
import { sentenceOf } from '@/api/http'
import type { AgentView, CallView, Presence } from '@/api/types'
import { viewOfEvent } from '@/logic/talk'
import { useSeatPhone } from './agent-phone'
import { useLive } from './live'
import { useSession } from './session'

const IN_TALK = new Set(['TALKING', 'HELD', 'CONSULTING', 'CONFERENCE'])
/** The citizen may still grade the service; for the agent the call is over. */
const OVER = new Set(['ENDED', 'SURVEY'])

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
  /** Given away, and not taken yet. */
  const handingOn = ref<CallView | null>(null)
  const ended = ref<EndedCall | null>(null)
  /** The call that this person supervises by the own telephone. */
  const watching = ref<string | null>(null)

  const trouble = ref('')
  const busy = ref(false)

  const signedIn = computed(() => !!presence.value && presence.value.state !== 'OFFLINE')
  /** Who signed this person out and why; empty for one's own sign-out. */
  const signedOutBecause = computed(() =>
    presence.value?.state === 'OFFLINE' ? presence.value.reason : '',
  )
  const talking = computed(() => IN_TALK.has(call.value?.state ?? ''))
  /** The call is this agent's own: not one that a colleague consults about, or that is watched. */
  const holdsCall = computed(() => !!call.value && call.value.agent_id === session.staff?.id)
  const held = computed(() => call.value?.state === 'HELD')

  const telephone = useSeatPhone({
    trouble,
    onSignedIn: (now) => (presence.value = now),
    refresh,
    isInTalk,
  })
  const { answerOwnCall, leaveSeat } = telephone

  function isInTalk(): boolean {
    // A colleague's call that one is asked into rings like any other; and so does a booked
    // call-back whose turn has come, until the agent answers it: nobody has asked for it here.
    if (!holdsCall.value || presence.value?.state === 'RINGING') return false
    const calling = call.value?.direction === 'OUTBOUND' && presence.value?.state === 'OUTBOUND'
    return calling || talking.value
  }

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

  function refreshQuietly(then = () => {}): void {
    // The next event or the reconnect of the live line reads again.
    refresh().then(then, () => {})
  }

  /** A shift leader may sign somebody out: the telephone goes, too. */
  function leaveIfSignedOut(): void {
    if (presence.value?.state === 'OFFLINE') leaveSeat()
  }

  function take(view: AgentView): void {
    presence.value = view.presence
    telephone.onSeat(view.seat)
    // Nobody sits anywhere any more.
    if (!signedIn.value) telephone.shown.seatElsewhere.value = false
    // It is also named while one wraps up, when it may go on with whom it was handed to.
    const over = view.presence.state === 'WRAP_UP' || OVER.has(view.call?.state ?? 'ENDED')
    call.value = over ? null : view.call
    handingOn.value = over && view.call?.state === 'DIALLING' ? view.call : null
    if (holdsCall.value) watching.value = null
    const free = !view.presence.call_id || view.presence.state === 'WRAP_UP'
    if (free && !watching.value) telephone.dropDoubtful()
    answerOwnCall()
  }

  function isMine(data: Record<string, unknown>): boolean {
    return data.agent_id === session.staff?.id
  }

  function isInHand(data: Record<string, unknown>): boolean {
    return data.call_id === call.value?.call_id
  }

  function viewOf(data: Record<string, unknown>, state: string): CallView {
    return viewOfEvent(data, state, isInHand(data) ? call.value : null)
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
    if (!isMine(data) && !isInHand(data)) return
    const state = String(data.state)
    if (isMine(data)) call.value = OVER.has(state) ? null : viewOf(data, state)
    refreshQuietly()
  })
  live.on(['CallPartyChanged', 'CallTransferred'], (data) => {
    if (isMine(data) || isInHand(data)) refreshQuietly()
  })
  live.on('CallEnded', (data) => {
    if (!isMine(data) && !isInHand(data)) return
    ended.value = {
      call_id: String(data.call_id),
      outcome: String(data.outcome),
      reason: String(data.reason ?? ''),
      transcript_incomplete: Boolean(data.transcript_incomplete),
    }
    if (isInHand(data)) call.value = null
    refreshQuietly()
  })
  live.on('AgentStateChanged', (data) => {
    if (isMine(data)) {
      if (presence.value) {
        const { state, since, reason, call_id } = data as unknown as Presence
        presence.value = { ...presence.value, state, since, reason, call_id, until: null, overrun: false, break_limit_at: null }
      }
      refreshQuietly(leaveIfSignedOut)
    }
  })
  live.on('SeatTaken', (data) => {
    if (isMine(data)) telephone.onSeat(String(data.ticket))
  })
  /** Events of a gap come afterwards, one by one; how things stand now is read at once. */
  watch(
    () => live.state,
    (state) => {
      if (state === 'open' && session.hasSeat) refreshQuietly()
    },
  )
  live.onResync(() => {
    if (!session.hasSeat) return
    refreshQuietly()
  })

  // --- coming and going -----------------------------------------------------------------------

  /** After a page load: go on where the server says we were. */
  async function restore(): Promise<void> {
    if (!session.hasSeat || telephone.phone.value) return
    await refresh()
    if (signedIn.value) await telephone.shown.signIn(false, true)
  }

  async function signOut(): Promise<void> {
    await command(async () => {
      await api.agentSignOut()
      leaveSeat()
      await refresh()
    })
  }

  /** The person signs out of the console: nothing may go on ringing. */
  function leave(): void {
    leaveSeat()
    presence.value = null
    call.value = null
    telephone.shown.line.value = 'off'
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

  function setState(state: string, reason = ''): Promise<void> {
    return command(async () => {
      presence.value =
        state === 'READY' && presence.value?.state === 'WRAP_UP'
          ? await api.wrapUpDone()
          : await api.setAgentState(state, reason)
    })
  }

  function extendWrapUp(): Promise<void> {
    return command(async () => {
      presence.value = await floorApi.extendWrapUp()
    })
  }

  function toggleHold(): Promise<void> {
    const current = call.value
    if (!current || !talking.value) return Promise.resolve()
    return command(() => api.callCommand(current.call_id, held.value ? 'resume' : 'hold'))
  }

  /**
   * Ends the own call; the citizen is then asked to grade the service unless `survey` is false.
   * From a colleague's call one only leaves.
   */
  function hangUp(survey = true): Promise<void> {
    const current = call.value
    return command(async () => {
      if (current && holdsCall.value) await floorApi.hangUp(current.call_id, survey)
      else telephone.hangUp()
    })
  }

  /** Rings our own phone, then the citizen's. Returns the call's id, or null with `trouble` set. */
  async function callOut(number: string, orderId?: string): Promise<string | null> {
    let callId: string | null = null
    telephone.shown.expectOwnRing()
    await command(async () => {
      callId = (await api.callOut(number, orderId)).call_id
      refreshQuietly()
    })
    if (!callId) telephone.shown.expectNothing()
    return callId
  }

  return {
    presence,
    call,
    ended,
    watching,
    ...telephone.shown,
    trouble,
    busy,
    signedIn,
    signedOutBecause,
    handingOn,
    talking,
    holdsCall,
    held,
    refresh,
    restore,
    signOut,
    leave,
    setState,
    toggleHold,
    hangUp,
    callOut,
    command,
    extendWrapUp,
  }
})
