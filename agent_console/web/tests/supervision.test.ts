import { describe, expect, it } from 'vitest'

import type { CallView } from '@/api/types'
import { supervisionKinds } from '@/logic/supervision'

const call = (state: string, more: Partial<CallView> = {}): CallView =>
  ({ call_id: 'c', state, direction: 'INBOUND', agent_id: 'wang', ...more }) as CallView
const kinds = (state: string, more: Partial<CallView> = {}) => supervisionKinds(call(state, more), 'leader')

describe('what a shift leader may do', () => {
  it('takes a call over only from an agent who has nobody else on the line', () => {
    expect(kinds('TALKING')).toContain('TAKE_OVER')
    expect(kinds('HELD')).toContain('TAKE_OVER')
    expect(kinds('CONSULTING')).toEqual(['LISTEN', 'WHISPER', 'BARGE_IN', 'FORCE_HANG_UP'])
    expect(kinds('CONFERENCE')).not.toContain('TAKE_OVER')
  })

  it('listens, comes in or takes over where the agent has left, and whispers to nobody', () => {
    const left = { agent_left: true, parties: [] }
    expect(kinds('TALKING', left)).toEqual(['LISTEN', 'BARGE_IN', 'TAKE_OVER', 'FORCE_HANG_UP'])
  })

  it('picks up who waits and throws nobody out', () => {
    expect(kinds('RINGING')).toEqual(['PICK_UP'])
    expect(kinds('SELF_SERVICE', { queued_at: '2026-11-23T08:00:00Z' })).toEqual(['PICK_UP'])
    expect(kinds('SELF_SERVICE')).toEqual([])
    expect(kinds('QUEUED')).toEqual([])
    expect(kinds('TALKING', { agent_id: 'leader' })).toEqual([])
  })
})
