/** Which rings the page answers by itself: only those that this agent has asked for. */

import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'

import type { AgentView } from '@/api/types'
import type { SeatSource } from '@/stores/agent-phone'
import { useAgent } from '@/stores/agent'

/** The server's picture, and what the seat's telephone was given to ask. */
const server = { view: null as AgentView | null }
let seat: SeatSource

vi.mock('@/api', () => ({ api: { agent: async () => server.view } }))
vi.mock('@/stores/session', () => ({ useSession: () => ({ staff: { id: 'me' }, hasSeat: true }) }))
vi.mock('@/stores/live', () => ({ useLive: () => ({ on: () => {}, onResync: () => {}, state: '' }) }))
vi.mock('@/stores/agent-phone', () => ({
  useSeatPhone: (source: SeatSource) => {
    seat = source
    const nothing = () => {}
    return {
      shown: { seatElsewhere: ref(false) },
      answerOwnCall: nothing,
      leaveSeat: nothing,
      onSeat: nothing,
      dropDoubtful: nothing,
    }
  },
}))

async function at(presence: string, state: string, direction: string): Promise<boolean> {
  server.view = {
    presence: { state: presence, call_id: 'c1' },
    call: { call_id: 'c1', direction, state, agent_id: 'me' },
    seat: null,
  } as unknown as AgentView
  await useAgent().refresh()
  return seat.isInTalk()
}

describe('a ring', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('of a booked call-back whose turn has come waits for the agent', async () => {
    expect(await at('RINGING', 'DIALLING', 'OUTBOUND')).toBe(false)
  })

  it('of a booked call-back waits also while the page does not know of it yet', async () => {
    expect(await at('READY', 'DIALLING', 'OUTBOUND')).toBe(false)
  })

  it('of a call that the agent has begun is answered, also after a reload', async () => {
    expect(await at('OUTBOUND', 'DIALLING', 'OUTBOUND')).toBe(true)
  })

  it('of a call that is being talked in is answered', async () => {
    expect(await at('HOLD', 'HELD', 'OUTBOUND')).toBe(true)
  })
})
