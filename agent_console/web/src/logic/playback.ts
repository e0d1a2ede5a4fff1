/** Placing two recordings on one line of time. */

interface Timed {
  started_at: string
  answered_at: string | null
  agent_recording_offset_s?: number | null
}

/**
 * Seconds between the beginning of the call and that of the agent's recording: as the server says,
 * else the moment of answering, where the agent's leg begins to speak.
 */
export function offsetOfAgent(call: Timed): number {
  if (typeof call.agent_recording_offset_s === 'number') return call.agent_recording_offset_s
  if (!call.answered_at) return 0
  return Math.max(0, (Date.parse(call.answered_at) - Date.parse(call.started_at)) / 1000)
}
