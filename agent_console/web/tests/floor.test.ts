import { describe, expect, it } from 'vitest'

import type { FloorAgent, Party, WaitingCall } from '@/api/floor-types'
import type { CallView } from '@/api/types'
import { choices, found } from '@/logic/destinations'
import { effectOf, inCall, inLine, levelGrade, orderedAgents, overrunOf, stateCounts, waitLevel } from '@/logic/floor'
import { detailWords } from '@/logic/history'
import { askerWords, citizenState, limitState, obstacle, others, viewOfEvent } from '@/logic/talk'

const AT = '2026-11-23T02:00:00Z'
const NOW = Date.parse(AT)

function call(state: string, parties: Partial<Party>[] = []): CallView {
  return {
    call_id: 'c1',
    contact_id: null,
    direction: 'INBOUND',
    state,
    caller_number: '13907341234',
    agent_id: 'a1',
    started_at: AT,
    queued_at: null,
    answered_at: AT,
    order_id: null,
    parties: parties.map((one, index) => ({
      party_id: `p${index}`,
      kind: 'AGENT',
      name: '王志强',
      number: '1002',
      state: 'joined',
      since: AT,
      ...one,
    })),
  }
}

function agent(state: string, more: Partial<FloorAgent> = {}): FloorAgent {
  return {
    agent_id: more.extension ?? 'x',
    agent_name: '某',
    extension: '1001',
    state,
    since: AT,
    reason: '',
    call_id: null,
    until: null,
    phone_online: true,
    ...more,
  }
}

describe('a call with several people', () => {
  it('leaves the citizen with music while the agent talks to the other, and back after a swap', () => {
    const asked = call('CONSULTING', [{ state: 'joined' }])
    expect(citizenState(asked, others(asked, 'a1'))).toBe('music')
    const swapped = call('CONSULTING', [{ state: 'held' }])
    expect(citizenState(swapped, others(swapped, 'a1'))).toBe('talking')
    expect(citizenState(call('HELD'), [])).toBe('music')
    expect(citizenState(call('CONFERENCE', [{}]), [])).toBe('talking')
  })

  it('does not show the agent that a shift leader listens', () => {
    expect(others(call('TALKING', [{ kind: 'SUPERVISOR' }]), 'a1')).toEqual([])
  })

  it('tells a colleague who was asked in by whom and for what, and does not show oneself', () => {
    const asked = (state: string, own: Partial<Party>) => call(state, [{ agent_id: 'a2', ...own }])
    const consulted = asked('CONSULTING', { state: 'joined' })
    expect(others(consulted, 'a2')).toEqual([])
    expect(askerWords(consulted, 'a2')).toBe('正在向您咨询')
    expect(askerWords(asked('CONSULTING', { state: 'ringing' }), 'a2')).toContain('正在呼叫您')
    expect(askerWords(asked('CONSULTING', { state: 'held' }), 'a2')).toContain('正与市民通话')
    expect(askerWords(asked('CONFERENCE', {}), 'a2')).toContain('三方通话')
    expect(askerWords(asked('DIALLING', { state: 'ringing' }), 'a2')).toBe('转来这通电话')
  })

  it('offers only what makes sense now, and says why not', () => {
    const talking = call('TALKING')
    expect(obstacle('consult', talking, [])).toBeNull()
    expect(obstacle('swap', talking, [])).toBe('请先咨询')
    const rung = call('CONSULTING', [{ state: 'ringing' }])
    expect(obstacle('conference', rung, rung.parties ?? [])).toBe('对方还没有接听')
    expect(obstacle('complete', rung, rung.parties ?? [])).toBeNull()
    expect(obstacle('consult', rung, rung.parties ?? [])).toContain('结束当前')
    expect(obstacle('hold', null, [])).toBe('没有进行中的通话')
    expect(obstacle('keys', call('RINGING'), [])).toBe('通话接通后才能操作')
  })

  it('keeps what an event leaves out', () => {
    const known = call('TALKING', [{}])
    const data = { call_id: 'c1', direction: 'INBOUND', agent_id: 'a1', at: 'later', caller_number: '' }
    const seen = viewOfEvent(data, 'HELD', known)
    expect(seen).toMatchObject({ state: 'HELD', caller_number: '13907341234', started_at: AT })
    expect(seen.parties).toHaveLength(1)
  })
})

describe('whom to ring', () => {
  const sources = {
    book: {
      colleagues: [
        { agent_id: 'a1', name: '我', extension: '1001', state: 'TALKING', groups: [] },
        { agent_id: 'a2', name: '王志强', extension: '1002', state: 'TALKING', groups: [] },
        { agent_id: 'a3', name: '刘思雨', extension: '1003', state: 'READY', groups: ['fund'] },
        { agent_id: 'a4', name: '何俊', extension: '1004', state: 'OFFLINE', groups: [] },
      ],
      experts: [{ code: 'e1', department: 'D-RS', name: '社保待遇', number: '07348800101' }],
      emergency: [{ code: '110', name: '公安报警', number: '110' }],
    },
    queues: [
      {
        code: 'market',
        name: '市场监管',
        waiting: 2,
        booked: 0,
        longest_wait_s: 10,
        ready_agents: 1,
        agents: 2,
        offered_today: 3,
        answered_today: 1,
        service_level_15s: null,
      },
    ],
    ownId: 'a1',
    stateLabel: (code: string) => code,
    groupName: () => '公积金组',
    departmentName: () => '人社局',
  }

  it('puts the free first, leaves out oneself and who is not there', () => {
    const people = choices('consult', sources).filter((one) => one.kind === 'agent')
    expect(people.map((one) => one.to.agent_id)).toEqual(['a3', 'a2'])
    expect(people[1]?.against).toBe('正在通话')
  })

  it('offers queues for handing on only', () => {
    expect(choices('consult', sources).some((one) => one.kind === 'queue')).toBe(false)
    expect(choices('transfer', sources)[0]?.to).toEqual({ queue: 'market' })
  })

  it('finds by name, extension, group and office; a typed number may be rung', () => {
    const all = choices('consult', sources)
    const keys = (typed: string) => found(all, typed).map((one) => one.key)
    expect(keys('公积金')).toEqual(['agent-a3'])
    expect(keys('人社')).toEqual(['expert-e1'])
    expect(keys('110')).toEqual(['emergency-110'])
    expect(keys('0734 8123456')).toEqual(['number-07348123456'])
  })
})

describe('the floor', () => {
  it('forces who writes a call down into a state, and nobody who is in a call', () => {
    expect(inCall(agent('WRAP_UP', { call_id: 'c1' }))).toBe(false)
    expect(inCall(agent('TALKING', { call_id: 'c1' }))).toBe(true)
    expect(inCall(agent('READY'))).toBe(false)
  })

  it('says what taking over means where the agent has left', () => {
    expect(effectOf('TAKE_OVER')).toContain('坐席退出')
    expect(effectOf('TAKE_OVER', true)).toContain('第三方')
  })

  it('keeps rows in their places while states change; the signed-out come last', () => {
    const people = [
      agent('OFFLINE', { extension: '1001' }),
      agent('TALKING', { extension: '1010' }),
      agent('READY', { extension: '1002' }),
    ]
    expect(orderedAgents(people).map((one) => one.extension)).toEqual(['1002', '1010', '1001'])
    expect(stateCounts(people)).toContainEqual({ state: 'READY', count: 1 })
  })

  it('marks a break beyond its limit by the clock and by the word of the server', () => {
    const over = agent('REST', { break_limit_at: '2026-11-23T01:59:00Z' })
    expect(overrunOf(over, NOW)).toBe('over')
    expect(overrunOf(agent('MEAL', { overrun: true }), NOW)).toBe('over')
    expect(limitState('2026-11-23T02:00:30Z', NOW)).toBe('soon')
    expect(limitState('2026-11-23T02:30:00Z', NOW)).toBe('none')
    // A wrap-up ends by itself: no overrun.
    expect(overrunOf(agent('WRAP_UP', { until: '2026-11-23T01:59:00Z' }), NOW)).toBe('none')
  })

  it('shows callers in the order of service', () => {
    const waiting = (id: string, more: Partial<WaitingCall>): WaitingCall => ({
      ...call('QUEUED'),
      call_id: id,
      ...more,
    })
    const line = inLine([
      waiting('late', { position: 2, queue: 'general' }),
      waiting('first', { position: 1, queue: 'general' }),
    ])
    expect(line.map((one) => one.call_id)).toEqual(['first', 'late'])
  })

  it('grades waits and levels', () => {
    const graded = (seconds: number) => waitLevel(seconds, 15, 90)
    expect([5, 15, 16, 89, 90].map(graded)).toEqual(['fine', 'fine', 'long', 'long', 'too-long'])
    expect([null, 0.95, 0.9].map((share) => levelGrade(share, 0.95))).toEqual(['none', 'good', 'bad'])
  })
})

describe("a call's history", () => {
  it('puts details into words and shows no code', () => {
    const label = (_set: string, code: string) => (code === 'ELDERLY' ? '老年人' : code)
    const words = (kind: string, detail: Record<string, unknown>) => detailWords({ kind, detail }, label)
    expect(words('ANNOUNCED', { place: 3, expected_wait_s: 90 })).toBe('第 3 位 预计 1:30')
    expect(words('QUEUED', { queue: 'general', queue_name: '综合热线', priority_reasons: ['ELDERLY'] })).toBe(
      '综合热线 老年人',
    )
    expect(words('KEYS', { to: '市民', count: 2 })).toBe('市民 2 个按键')
    expect(words('LISTENED', { active: false })).toBe('结束')
    expect(words('TAKEN_OVER', { active: false })).toBe('')
    expect(words('ENDED', {})).toBe('')
  })
})
