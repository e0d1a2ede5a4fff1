/** Reading what is known of a call, and what was typed for it. */

import { api } from '@/api'
import { ApiError } from '@/api/http'
import type { CallDetail, DraftView } from '@/api/types'
import type { useAgent } from './agent'

const TRIES = 5
const PAUSE_MS = 300

/** The screen pop may be faster than the call's record: asked for again, while it is `wanted`. */
export async function readCall(id: string, wanted: () => boolean): Promise<CallDetail> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await api.call(id)
    } catch (error) {
      const missingYet = error instanceof ApiError && error.status === 404
      if (!missingYet || attempt >= TRIES || !wanted()) throw error
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt))
    }
  }
}

/** What was typed; null: nothing. `handedOver`: the call has just become ours, its draft with it. */
export async function readDraft(
  id: string,
  agent: ReturnType<typeof useAgent>,
  handedOver: boolean,
): Promise<DraftView | null> {
  // A call in hand came together with its draft; only earlier ones are asked for.
  const inHand = agent.presence?.call_id === id && !handedOver
  if (inHand) return agent.draft?.callId === id ? agent.draft : null
  // Whoever is only asked about a colleague's call does not write its form.
  if (agent.call?.call_id === id && !agent.holdsCall) return null
  try {
    return await api.draft(id)
  } catch (error) {
    // A colleague has the call now.
    if (error instanceof ApiError && error.status === 403) return null
    throw error
  }
}
