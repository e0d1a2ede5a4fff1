/**
 * Whose the form is. It goes with its call: a colleague who is asked in, and an agent who has handed
 * the call on, read it and cannot write it. The server decides; what was typed here stays here.
 */

import { computed, ref, type Ref } from 'vue'

import { ApiError } from '@/api/http'
import type { CallDetail } from '@/api/types'
import type { useAgent } from './agent'

/** The server's word that the call is somebody else's now. */
const HANDED_ON = 'handed-on'

export interface HolderSource {
  callId: Ref<string | null>
  agent: Pick<ReturnType<typeof useAgent>, 'call' | 'holdsCall'>
  ownId(): string | undefined
}

export function useHolder({ callId, agent, ownId }: HolderSource) {
  /** Who has the call now, as last heard; an empty name: it waits for somebody. Null: it is ours. */
  const known = ref<{ name: string } | null>(null)

  const inHand = computed(() => !!callId.value && agent.call?.call_id === callId.value)
  /** A colleague's call that one is asked about. */
  const guest = computed(() => inHand.value && !agent.holdsCall)
  const holder = computed(() => (inHand.value && agent.holdsCall ? null : known.value))
  const readOnly = computed(() => guest.value || holder.value !== null)

  /** The call's record tells; before anybody has answered it tells nothing. */
  function read({ call, writes_order: ours }: Pick<CallDetail, 'call' | 'writes_order'>): void {
    if (call.agent_id || ours) known.value = ours ? null : { name: call.agent_name ?? '' }
  }

  /** Handed on, by us or by whoever had it since. Nobody of ours: the record tells what that means. */
  function handedOn(agentId: unknown, name: string): void {
    if (agentId) known.value = agentId === ownId() ? null : { name }
  }

  /** Back in a queue: it is nobody's until it is answered. */
  function waits(): void {
    known.value = { name: '' }
  }

  /** A refusal to save. True: because the call is somebody else's. */
  function refused(error: unknown): boolean {
    if (!(error instanceof ApiError) || error.code !== HANDED_ON) return false
    known.value = { name: String(error.extra.holder ?? '') }
    return true
  }

  function forget(): void {
    known.value = null
  }

  return { guest, holder, readOnly, read, handedOn, waits, refused, forget }
}
