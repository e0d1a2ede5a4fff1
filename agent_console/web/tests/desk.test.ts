import { describe, expect, it } from 'vitest'

import { askedFor } from '@/logic/supplement'
import { easing } from '@/logic/amending'
import { followUpBody, followUpGaps, mayAskRedo, newFollowUp } from '@/logic/followup'
import { isUsableHost } from '@/logic/ice'
import { deskKey } from '@/logic/keys'
import { micProblem } from '@/logic/microphone'
import { offsetOfAgent, soundKept } from '@/logic/playback'
import { totalOf, unmarked } from '@/logic/sheet'

const plain = {
  key: '',
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  isComposing: false,
}

describe('keys of the desk', () => {
  it('answer, hold, mute, submit and save', () => {
    expect(deskKey({ ...plain, key: 'F2' })).toBe('answer')
    expect(deskKey({ ...plain, key: 'F4' })).toBe('hold')
    expect(deskKey({ ...plain, key: 'F6' })).toBe('mute')
    expect(deskKey({ ...plain, key: 'Enter', ctrlKey: true })).toBe('submit')
    expect(deskKey({ ...plain, key: 'S', ctrlKey: true })).toBe('save')
  })

  it('never act while an input method composes, nor again while held down', () => {
    const enter = { ...plain, key: 'Enter', ctrlKey: true }
    expect(deskKey({ ...enter, isComposing: true })).toBeNull()
    expect(deskKey({ ...enter, keyCode: 229 })).toBeNull()
    expect(deskKey({ ...enter, repeat: true })).toBeNull()
  })

  it('are no bare letters and no keys with other modifiers', () => {
    for (const key of ['a', 's', 'Enter', ' ', 'F5']) expect(deskKey({ ...plain, key })).toBeNull()
    expect(deskKey({ ...plain, key: 'F4', altKey: true })).toBeNull()
  })
})

describe('the browser telephone', () => {
  it('sends its offer at the first usable address', () => {
    const line = (address: string, type: string, transport = 'udp') =>
      `candidate:1 1 ${transport} 2122260223 ${address} 50000 typ ${type} generation 0`
    expect(isUsableHost(line('192.168.1.5', 'host'))).toBe(true)
    expect(isUsableHost(line('a1b2.local', 'host'))).toBe(false)
    expect(isUsableHost(line('203.0.113.9', 'srflx'))).toBe(false)
    expect(isUsableHost(line('192.168.1.5', 'host', 'tcp'))).toBe(false)
    expect(isUsableHost('')).toBe(false)
  })

  it('says in plain words why there is no microphone', () => {
    expect(micProblem('NotAllowedError', true).kind).toBe('denied')
    expect(micProblem('NotFoundError', true).kind).toBe('missing')
    expect(micProblem('NotReadableError', true).kind).toBe('busy')
    expect(micProblem('NotFoundError', false).kind).toBe('insecure')
    expect(micProblem('WhoKnows', true).advice).not.toBe('')
  })
})

describe('the follow-up desk', () => {
  const rung = { ...newFollowUp(), call_id: 'call' }
  const reached = { ...rung, reached: true, contacted: true, solved: 'SOLVED', satisfaction: 'SATISFIED' }

  it('asks all questions of a citizen who was reached, none of one who was not', () => {
    expect(followUpGaps(newFollowUp())).toEqual(['是否接通'])
    expect(followUpGaps({ ...rung, reached: false })).toEqual([])
    expect(followUpGaps({ ...rung, reached: true })).toHaveLength(3)
    expect(followUpGaps(reached)).toEqual([])
  })

  it('offers a redo only to the unsolved and dissatisfied, and wants its reason', () => {
    expect(mayAskRedo(reached)).toBe(false)
    const asked = { redo: true, redo_code: 'UNSOLVED' }
    expect(followUpGaps({ ...reached, ...asked })).toEqual(['重办事由', '重办原因'])
    const unhappy = { ...reached, ...asked, solved: 'UNSOLVED', satisfaction: 'DISSATISFIED' }
    expect(mayAskRedo(unhappy)).toBe(true)
    expect(followUpGaps(unhappy)).toEqual(['重办原因'])
    expect(followUpBody({ ...unhappy, redo_reason: '没人来' })).toMatchObject({ redo: true })
  })

  it('has a try shown by a call, a file, or from where and when', () => {
    const tried = { ...newFollowUp(), reached: false }
    expect(followUpGaps(tried)).toEqual(['回访凭据'])
    expect(followUpGaps({ ...tried, evidence: '用8812399，10时' })).toEqual([])
    expect(followUpGaps({ ...tried, files: [{ id: 'f', name: '通话记录.jpg' }] })).toEqual([])
  })

  it('has what is untrue done again however content the citizen is, with what was found', () => {
    const untrue = { ...reached, redo: true, redo_code: 'UNTRUE', redo_reason: '灯具未更换' }
    expect(followUpGaps(untrue)).toEqual(['核实情况（至少10字）'])
    const found = { ...untrue, verification: '到现场查看，三盏灯均未更换' }
    expect(followUpGaps(found)).toEqual([])
    expect(followUpBody(found)).toMatchObject({ redo: true, redo_code: 'UNTRUE' })
  })

  it('sends no answers that were given before the line turned out dead', () => {
    expect(followUpBody({ ...reached, reached: false, note: '无人接听' })).toEqual({
      reached: false,
      note: '无人接听',
      call_id: 'call',
      evidence: '',
      files: [],
    })
  })
})

describe('correcting an order', () => {
  const order = { request_type: 'HELP', urgency: 'URGENT', confidential: false, want_reply: true }

  it('names what only the shift leader may ease', () => {
    expect(easing(order, { ...order, urgency: 'CRITICAL' })).toEqual([])
    expect(easing(order, { ...order, urgency: 'NORMAL', want_reply: false })).toEqual([
      '降低紧急程度',
      '取消回访',
    ])
    expect(easing(order, { ...order, confidential: true })).toEqual(['改变是否保密'])
    expect(easing(order, { ...order, request_type: 'REPORT', confidential: true })).toEqual([])
  })
})

describe("the auditor's sheet", () => {
  const items = [
    { code: 'a', name: '甲', max: 60 },
    { code: 'b', name: '乙', max: 40 },
  ]

  it('counts what is not marked, and takes "does not apply" as marked', () => {
    expect(unmarked(items, {})).toBe(2)
    expect(unmarked(items, { a: 0, b: null })).toBe(0)
  })

  it('scales to the full sum when an item does not apply', () => {
    expect(totalOf(items, { a: 30, b: 40 }).got).toBe(70)
    expect(totalOf(items, { a: 30, b: null })).toEqual({ got: 50, text: '50 / 100' })
    expect(totalOf(items, { a: null, b: null }).got).toBe(0)
  })
})

describe('an order that waits for a supplement', () => {
  const asked = (reason: string) => ({ action: 'ask_supplement', reason })
  const accepted = { action: 'accept', reason: '' }

  it('says what the dispatcher asked for last', () => {
    const events = [accepted, asked('具体楼栋'), { action: 'supplement', reason: '三号楼' }, asked('联系电话')]
    expect(askedFor({ state: 'TO_SUPPLEMENT', events })).toBe('联系电话')
  })

  it('says nothing once it is there', () => {
    expect(askedFor({ state: 'TO_DISPATCH', events: [accepted, asked('具体楼栋')] })).toBe('')
  })
})

it("places the agent's recording at the moment of answering", () => {
  const call = { started_at: '2026-11-22T02:00:00Z', answered_at: '2026-11-22T02:00:12.500Z' }
  expect(offsetOfAgent(call)).toBe(12.5)
  expect(offsetOfAgent({ ...call, answered_at: null })).toBe(0)
})

describe('the sound that is kept of a call', () => {
  const file = (offset_s: number, seconds: number, deleted_at: string | null = null) => ({ offset_s, seconds, deleted_at })

  it('is as long as the last file that is still there', () => {
    expect(soundKept([file(0, 40), file(2, 50), file(1, 90, '2026-11-23T01:00:00Z')])).toEqual({
      files: 2, seconds: 52, deletedAt: null,
    })
  })

  it('says when the last was deleted, and nothing of a call that never had any', () => {
    const gone = [file(0, 40, '2026-11-23T02:00:00Z'), file(2, 50, '2026-11-23T01:00:00Z')]
    expect(soundKept(gone)).toEqual({ files: 0, seconds: null, deletedAt: '2026-11-23T02:00:00Z' })
    expect(soundKept([])).toEqual({ files: 0, seconds: null, deletedAt: null })
  })
})
