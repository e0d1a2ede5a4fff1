import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, reactive, ref } from 'vue'

import type { CallView, Presence } from '@/api/types'
import { hasContent, newSheet, withEdit } from '@/logic/form'
import { followCalls, type FollowedAgent } from '@/stores/desk-following'

const ring = {
  call_id: 'c1',
  contact_id: null,
  direction: 'INBOUND',
  state: 'RINGING',
  caller_number: '13907341234',
  agent_id: 'me',
  started_at: '2026-11-22T02:00:00Z',
  queued_at: null,
  answered_at: null,
  order_id: null,
} satisfies CallView

function presence(state: string): Presence {
  return { state, call_id: null } as Presence
}

/** An agent who is free, and the desk before a call. */
function seat() {
  const agent = reactive<FollowedAgent>({
    call: null,
    presence: presence('READY'),
    watching: null,
    holdsCall: false,
  })
  const callId = ref<string | null>(null)
  const sheet = ref(newSheet())
  const done = ref(false)
  followCalls(agent, {
    callId,
    keepsText: () => !done.value && hasContent(sheet.value),
    mayOpen: () => true,
    left: () => null,
    open: async (id) => void (callId.value = id),
    lostCall: async (task) => (task === 'task' ? 'lost' : null),
    load: async () => {},
    standBy: () => (callId.value = null),
  })
  return { agent, callId, sheet, done }
}

describe('the desk', () => {
  let desk: ReturnType<typeof seat>
  beforeEach(async () => {
    desk = seat()
    Object.assign(desk.agent, { holdsCall: true })
    desk.agent.call = ring
    await nextTick()
    expect(desk.callId.value).toBe('c1')
  })

  it('gives back a ring that somebody else picked up, whichever is told first', async () => {
    desk.agent.presence = presence('READY')
    await nextTick()
    desk.agent.call = null
    await nextTick()
    expect(desk.callId.value).toBeNull()
  })

  it('gives back a ring that was missed', async () => {
    desk.agent.call = null
    await nextTick()
    desk.agent.presence = presence('BUSY')
    await nextTick()
    expect(desk.callId.value).toBeNull()
  })

  it('gives back a colleague\u2019s call that was offered and not taken, with its text', async () => {
    Object.assign(desk.agent, { call: { ...ring, state: 'DIALLING', agent_id: 'other' }, holdsCall: false })
    desk.sheet.value = withEdit(desk.sheet.value, 'place', '人民路八号')
    desk.agent.presence = presence('RINGING')
    await nextTick()
    desk.agent.call = null
    await nextTick()
    expect(desk.callId.value).toBeNull()
  })

  it('keeps a call that was answered until it is wrapped up', async () => {
    desk.agent.call = { ...ring, state: 'TALKING' }
    desk.agent.presence = presence('TALKING')
    await nextTick()
    desk.agent.call = null
    await nextTick()
    desk.agent.presence = presence('WRAP_UP')
    await nextTick()
    expect(desk.callId.value).toBe('c1')
    desk.agent.presence = presence('READY')
    await nextTick()
    expect(desk.callId.value).toBeNull()
  })

  it('keeps what the agent typed until an order was made of it', async () => {
    desk.sheet.value = withEdit(desk.sheet.value, 'place', '人民路八号')
    desk.agent.call = null
    await nextTick()
    expect(desk.callId.value).toBe('c1')
    desk.done.value = true
    desk.agent.presence = presence('WRAP_UP')
    await nextTick()
    desk.agent.presence = presence('READY')
    await nextTick()
    expect(desk.callId.value).toBeNull()
  })
})

describe('a call-back', () => {
  const out = { ...ring, call_id: 'c2', direction: 'OUTBOUND', state: 'DIALLING' }

  it('opens the form of the lost call once the citizen is there, and keeps it', async () => {
    const desk = seat()
    Object.assign(desk.agent, { holdsCall: true })
    desk.agent.call = { ...out, callback_id: 'task' }
    await nextTick()
    expect(desk.callId.value).toBeNull()
    desk.agent.call = { ...out, state: 'TALKING', callback_id: 'task' }
    desk.agent.presence = presence('TALKING')
    await vi.waitFor(() => expect(desk.callId.value).toBe('lost'))
    desk.agent.call = null
    desk.agent.presence = presence('WRAP_UP')
    await nextTick()
    expect(desk.callId.value).toBe('lost')
  })

  it('without such a form changes nothing, nor does a call for an order', async () => {
    const desk = seat()
    Object.assign(desk.agent, { holdsCall: true })
    for (const callback_id of ['done', null]) {
      desk.agent.call = { ...out, state: 'TALKING', callback_id }
      await nextTick()
      await nextTick()
      expect(desk.callId.value).toBeNull()
      desk.agent.call = null
      await nextTick()
    }
  })
})
