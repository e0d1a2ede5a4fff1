/** What a shift leader may do with a call. */

import type { CallView } from '@/api/types'

/** Ways of being there; one is switched to another. */
export const EARS = ['LISTEN', 'WHISPER', 'BARGE_IN']
/** They end the agent's part, or the call. */
export const ENDS = ['TAKE_OVER', 'FORCE_HANG_UP']

/** The agent has nobody else on the line, or has left: a leader can take the agent's place. */
const CONNECTED = ['TALKING', 'HELD']
const WITH_OTHERS = ['CONSULTING', 'CONFERENCE']

/**
 * Calls that ring, or wait at the self-service, may be picked up; only those in talk can be listened
 * to. Where the agent has left nobody is there to whisper to. Nobody who still waits, leaves a message or grades the service is thrown out.
 */
export function supervisionKinds(call: CallView, me: string | undefined): string[] {
  if (call.agent_left) return [...EARS.filter((kind) => kind !== 'WHISPER'), ...ENDS]
  if (call.agent_id === me) return []
  if (CONNECTED.includes(call.state)) return [...EARS, ...ENDS]
  if (WITH_OTHERS.includes(call.state)) return [...EARS, 'FORCE_HANG_UP']
  if (call.state === 'DIALLING') return ['FORCE_HANG_UP']
  const waits = call.state === 'SELF_SERVICE' && !!call.queued_at
  return waits || (call.state === 'RINGING' && call.direction === 'INBOUND') ? ['PICK_UP'] : []
}
