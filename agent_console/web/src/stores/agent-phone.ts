/** The seat's telephone in this browser: page lock, microphone, registration, ringing, sound. */

import { computed, ref, shallowRef, type Ref } from 'vue'

import { api } from '@/api'
import { ApiError, sentenceOf } from '@/api/http'
import type { Presence } from '@/api/types'
import { dropKept, readKept, writeKept } from '@/logic/kept'
import { UNPLUGGED, type MicProblem } from '@/logic/microphone'
import { closeMicrophone, isAlive, MicError, openMicrophone } from '@/phone/microphone'
import { Ringer } from '@/phone/ringer'
import { lockSeat, type SeatLock } from '@/phone/seat'
import { SoftPhone, type CallPhase, type LineState, type Ring } from '@/phone/softphone'

/** A call that we asked for must ring here within this time to be answered by itself. */
const OWN_CALL_MS = 30_000

/** Under which this page's ticket outlives a reload. */
const SEAT = 'seat'
/** The server's word that another page has the telephone. */
const ELSEWHERE = 'seat-elsewhere'

export interface SeatSource {
  /** What went wrong, in a sentence. */
  trouble: Ref<string>
  onSignedIn(presence: Presence): void
  /** Reads the server's picture. */
  refresh(): Promise<void>
  /** A ring now belongs to the call that this agent has in hand. */
  isInTalk(): boolean
}

export function useSeatPhone({ trouble, onSignedIn, refresh, isInTalk }: SeatSource) {
  const line = ref<LineState>('off')
  const lineReason = ref('')
  const phase = ref<CallPhase>('idle')
  /** What the telephone itself says of who rings. */
  const ring = ref<Ring | null>(null)
  const muted = ref(false)
  const soundBlocked = ref(false)
  /** The line to the exchange carries no sound. */
  const soundLost = ref(false)
  const micTrouble = ref<MicProblem | null>(null)
  const seatElsewhere = ref(false)
  const canAnswer = computed(() => phase.value === 'ringing')

  const phone = shallowRef<SoftPhone | null>(null)
  const ringer = new Ringer()
  let microphone: MediaStream | null = null
  let lock: SeatLock | null = null
  /** This page's right to the telephone; empty: it has none. */
  let ticket = ''
  let ownCallUntil = 0

  // --- rings ----------------------------------------------------------------------------------

  function isOwnCall(): boolean {
    return Date.now() < ownCallUntil || isInTalk()
  }

  /** A call that this agent began, or is in the midst of, is answered without ringing. */
  function answerOwnCall(): void {
    if (phase.value === 'ringing' && isOwnCall()) void answer()
  }

  /** The next ring within half a minute was asked for here: it is answered by itself. */
  function expectOwnRing(): void {
    ownCallUntil = Date.now() + OWN_CALL_MS
  }

  function expectNothing(): void {
    ownCallUntil = 0
  }

  function onRing(now: Ring): boolean {
    ring.value = now
    if (isOwnCall()) return true
    refresh().catch(() => {})
    ringer.start('incoming')
    return false
  }

  function onPhase(now: CallPhase, _cause: string): void {
    phase.value = now
    if (now !== 'ringing') ringer.stop()
    if (now === 'talking' || now === 'idle') ownCallUntil = 0
    if (now !== 'idle') return
    ring.value = null
    muted.value = false
    soundBlocked.value = false
  }

  async function answer(): Promise<void> {
    ringer.stop()
    await phone.value?.answer()
  }

  function hangUp(): void {
    phone.value?.hangUp()
  }

  function dropDoubtful(): void {
    phone.value?.dropDoubtful()
  }

  // --- sound ----------------------------------------------------------------------------------

  async function microphoneNow(): Promise<MediaStream> {
    if (!isAlive(microphone)) {
      microphone = await openMicrophone()
      for (const track of microphone.getAudioTracks()) {
        track.addEventListener('ended', () => (micTrouble.value = UNPLUGGED), { once: true })
      }
    }
    micTrouble.value = null
    return microphone
  }

  function onMicError(error: unknown): void {
    if (error instanceof MicError) micTrouble.value = error.problem
    else trouble.value = sentenceOf(error)
  }

  function toggleMute(): void {
    if (phase.value !== 'talking') return
    muted.value = !muted.value
    phone.value?.setMuted(muted.value)
  }

  async function allowSound(): Promise<void> {
    await phone.value?.allowSound()
    soundBlocked.value = false
  }

  // --- the seat -------------------------------------------------------------------------------

  /**
   * Takes the seat: page lock, microphone, account, registration. `resume`: after a reload, and
   * only if no other page took it since, here or at another computer.
   */
  async function signIn(takeOver = false, resume = false): Promise<void> {
    trouble.value = ''
    lock ??= await lockSeat(takeOver, onSeatStolen)
    seatElsewhere.value = !lock
    if (!lock) return
    try {
      await microphoneNow()
      await start(resume)
      await refresh()
    } catch (error) {
      if (error instanceof ApiError && error.code === ELSEWHERE) return giveSeatUp()
      onMicError(error)
      if (!phone.value) releaseSeat()
    }
  }

  async function start(resume: boolean): Promise<void> {
    // Until the answer is here, the server's word of a new ticket may be about our own.
    ticket = ''
    const answer = await api.agentSignIn({ resume, seat: readKept<string>(SEAT) ?? '' })
    ticket = answer.seat
    writeKept(SEAT, ticket)
    onSignedIn(answer.presence)
    phone.value?.stop()
    const hooks = {
      onLine: (state: LineState, reason: string) => {
        line.value = state
        // What happened while the line was away.
        if (state === 'registered') refresh().catch(() => {})
        lineReason.value = reason
      },
      onPhase,
      onRing,
      microphone: microphoneNow,
      onSoundBlocked: () => (soundBlocked.value = true),
      onSoundLost: (lost: boolean) => (soundLost.value = lost),
      onMicError,
    }
    const next = new SoftPhone(answer.account, answer.sip_path, hooks, answer.ice_servers)
    phone.value = next
    await next.start()
  }

  function onSeatStolen(): void {
    lock = null
    giveSeatUp()
  }

  /** Another page has the telephone. It is taken back by a person, never by itself. */
  function giveSeatUp(): void {
    ticket = ''
    dropKept(SEAT)
    seatElsewhere.value = true
    leaveSeat()
  }

  /** The server's word who has the seat. */
  function onSeat(holder: string | null | undefined): void {
    if (ticket && holder && holder > ticket) giveSeatUp()
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

  /** Nothing rings here any more. */
  function leaveSeat(): void {
    dropPhone()
    releaseSeat()
  }

  /** What pages see and use. */
  const shown = {
    line,
    lineReason,
    phase,
    ring,
    muted,
    soundBlocked,
    soundLost,
    micTrouble,
    seatElsewhere,
    canAnswer,
    signIn,
    answer,
    toggleMute,
    allowSound,
    expectOwnRing,
    expectNothing,
  }
  return { shown, phone, answerOwnCall, hangUp, dropDoubtful, leaveSeat, onSeat }
}
