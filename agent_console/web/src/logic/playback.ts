/** Placing two recordings on one line of time. */

import type { RecordingView } from '@/api/floor-types'

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

export interface SoundKept {
  /** Files that are still there. */
  files: number
  /** Of all of them together, in call time; null without any. */
  seconds: number | null
  /** When the last was deleted, where none is left. */
  deletedAt: string | null
}

/** What the register says of a call's sound. */
export function soundKept(
  rows: readonly Pick<RecordingView, 'offset_s' | 'seconds' | 'deleted_at'>[],
): SoundKept {
  const there = rows.filter((row) => !row.deleted_at)
  const ends = there.map((row) => row.offset_s + row.seconds)
  const gone = rows.map((row) => row.deleted_at ?? '').sort()
  return {
    files: there.length,
    seconds: ends.length ? Math.max(...ends) : null,
    deletedAt: there.length ? null : (gone.at(-1) ?? null) || null,
  }
}
