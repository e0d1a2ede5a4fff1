/** Which call the desk shows: the one in hand, and after a reload the one whose form was open. */

import { nextTick, watch, type Ref } from 'vue'

import type { useAgent } from './agent'

/** What is asked of the agent's store. */
export type FollowedAgent = Pick<
  ReturnType<typeof useAgent>,
  'call' | 'presence' | 'watching' | 'holdsCall'
>

export interface FollowedDesk {
  callId: Ref<string | null>
  /** There is text that must stay before the eyes. */
  keepsText(): boolean
  mayOpen(): boolean
  /** The call whose form this tab had open before a reload. */
  left(): string | null
  open(id: string): Promise<void>
  /** The call whose form one fills in who calls back for this task; null: none, or it is done. */
  lostCall(callbackId: string): Promise<string | null>
  load(handedOver: boolean): Promise<void>
  standBy(): void
}

export function followCalls(agent: FollowedAgent, desk: FollowedDesk): void {
  watch(
    () => agent.call,
    (call) => {
      const watched = call?.call_id === agent.watching && !agent.holdsCall
      if (call?.direction !== 'INBOUND' || watched) return
      if (desk.mayOpen()) void desk.open(call.call_id)
    },
    { immediate: true },
  )

  /** A call that a colleague handed over, and that we have taken, comes with what he had typed. */
  watch(
    () => (agent.holdsCall && agent.call?.state !== 'RINGING' ? agent.call?.call_id : null),
    (taken) => {
      if (taken && taken === desk.callId.value) void desk.load(true)
    },
  )

  /**
   * The citizen who is called back is there: the form is that of the lost call, with what was typed
   * for it or made of a message. A call of our own has none.
   */
  watch(
    () => {
      const call = agent.call
      const theirs = call?.direction === 'OUTBOUND' && call.state === 'TALKING' && agent.holdsCall
      return (theirs && call.callback_id) || null
    },
    async (task) => {
      const lost = task && desk.mayOpen() ? await desk.lostCall(task) : null
      if (lost && agent.call?.callback_id === task) void desk.open(lost)
    },
    { immediate: true },
  )

  const stopWaiting = watch(
    () => agent.presence,
    (presence) => {
      if (!presence) return
      void nextTick(() => stopWaiting())
      const left = desk.left()
      if (left && !agent.call && !desk.callId.value) void desk.open(left)
    },
    { immediate: true },
  )

  /**
   * Whoever is free again, or was only rung, has nothing more to do with a call. State and call are
   * told apart, in either order.
   */
  watch(
    [() => agent.presence?.state, () => agent.call, () => agent.holdsCall] as const,
    ([state, call], [, former, held]) => {
      const shown = desk.callId.value
      if (!shown || call) return
      const gone = former?.call_id === shown && state !== 'WRAP_UP'
      // A colleague's call, asked about or offered and not taken: its form is not ours to keep.
      if (gone && !held) return desk.standBy()
      const onlyRung = gone && former.state === 'RINGING'
      if ((state === 'READY' || onlyRung) && !desk.keepsText()) desk.standBy()
    },
  )
}
