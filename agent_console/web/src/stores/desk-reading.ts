/** Reading what is known of a call, and what was typed for it. */

import { api } from '@/api'
import { floorApi } from '@/api/floor'
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

/** What was typed for a call, by whomever. */
export interface DraftReading {
  /** Null: nothing, or nothing that we may see. */
  draft: DraftView | null
  /** It is ours to go on with; otherwise somebody else may still be writing it. */
  ours: boolean
}

const NOT_OURS: DraftReading = { draft: null, ours: false }

/** Always asked for at the server: what came with the call may be older than the call's change. */
export async function readDraft(
  id: string,
  agent: Pick<ReturnType<typeof useAgent>, 'call' | 'holdsCall'>,
): Promise<DraftReading> {
  const inHand = agent.call?.call_id === id
  // Whoever is only asked about a colleague's call does not write its form.
  if (inHand && !agent.holdsCall) return NOT_OURS
  // While it rings here a colleague who hands it over may have it still.
  const rings = inHand && agent.call?.state === 'RINGING'
  try {
    return { draft: await api.draft(id), ours: !rings }
  } catch (error) {
    // A colleague has the call now, or the hand-over is told before it is written.
    if (error instanceof ApiError && error.status === 403) return NOT_OURS
    throw error
  }
}

/** The lost call of a call-back task of ours; null: none, or its order was opened already. */
export async function readLostCall(callbackId: string): Promise<string | null> {
  try {
    const mine = await floorApi.callbacks({ state: 'mine' })
    const lost = mine.items.find((task) => task.id === callbackId)?.call_id
    if (!lost) return null
    return (await api.draft(lost))?.order_id ? null : lost
  } catch {
    // The link in the task leads there too.
    return null
  }
}
