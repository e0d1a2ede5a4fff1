/** What becomes of a form when its call changes hands while the machine listens. */

import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, reactive } from 'vue'

import { ApiError } from '@/api/http'
import type { CallView, DraftView, Understanding } from '@/api/types'
import { emptyForm } from '@/logic/form'
import { joined } from '@/logic/merge'

type Data = Record<string, unknown>

/** The server, as far as the desk asks it. */
const server = {
  stored: null as DraftView | null,
  /** The hand-over is written there. */
  handedOver: true,
  saves: [] as Data[],
  /** What was not read is not replaced: it is somebody else's. */
  refuses: false,
  understanding: null as Understanding | null,
}
const handlers = new Map<string, (data: Data) => void>()
const agent = reactive({
  call: null as CallView | null,
  presence: null as Data | null,
  watching: null,
  holdsCall: false,
})

vi.mock('@/api', () => ({
  api: {
    call: async (id: string) => ({
      call: { id, agent_id: null, caller_number: '13907341234' },
      utterances: [],
      understanding: server.understanding,
    }),
    draft: async () => {
      if (!server.handedOver) throw new ApiError(403, 'forbidden', '', '')
      return server.stored
    },
    saveDraft: async (_id: string, { content, based_on }: { content: Data; based_on: string | null }) => {
      if (server.refuses && based_on !== server.stored?.updated_at) {
        throw new ApiError(409, 'draft-changed', '', '', [], { ...server.stored })
      }
      server.saves.push(content)
      server.stored = { content, updated_at: `saved ${server.saves.length}` }
      return { updated_at: server.stored.updated_at }
    },
  },
}))
vi.mock('@/stores/agent', () => ({ useAgent: () => agent }))
vi.mock('@/stores/session', () => ({
  useSession: () => ({ staff: { id: 'me' }, may: () => true }),
}))
vi.mock('@/stores/live', () => ({
  useLive: () => ({
    on: (name: string, handler: (data: Data) => void) => handlers.set(name, handler),
    onResync: () => {},
  }),
}))

const TYPED = { ...emptyForm(), place: '人民路八号', origins: { place: 'agent' }, public_answer: '' }

const ROUND_MS = 2000

function understood(place: string): Understanding {
  const fact = { kind: 'place', text: place, value: place, span: { start: 0, end: 1 }, resolved: null }
  return { title: '停水', facts: [fact] } as unknown as Understanding
}

function machineSays(place: string): void {
  handlers.get('RequestUnderstood')?.({ call_id: 'c1', understanding: understood(place) })
}

function rings(state = 'RINGING'): void {
  agent.call = { call_id: 'c1', direction: 'INBOUND', state, agent_id: 'me' } as CallView
  agent.presence = { state, call_id: 'c1' }
  agent.holdsCall = true
}

async function later(ms = 0): Promise<void> {
  await nextTick()
  await vi.advanceTimersByTimeAsync(ms)
}

describe('the form of a call that changes hands', () => {
  let desk: ReturnType<(typeof import('@/stores/desk'))['useDesk']>
  beforeEach(async () => {
    vi.useFakeTimers()
    const kept = new Map<string, string>()
    vi.stubGlobal('window', { addEventListener: () => {} })
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, text: string) => kept.set(key, text),
      removeItem: (key: string) => kept.delete(key),
    })
    const stored = { content: TYPED, updated_at: 'by a colleague' }
    Object.assign(server, { stored, handedOver: true, saves: [], refuses: false, understanding: understood('南京路') })
    Object.assign(agent, { call: null, presence: { state: 'READY' }, holdsCall: false })
    setActivePinia(createPinia())
    desk = (await import('@/stores/desk')).useDesk()
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it('has what the colleague typed, though the machine had proposed something else', async () => {
    rings('TALKING')
    await later()
    machineSays('北京路')
    await later(2 * ROUND_MS)
    expect(desk.form.place).toBe('人民路八号')
    expect(desk.form.title).toBe('停水')
    expect(server.stored?.content.place).toBe('人民路八号')
  })

  it('is neither filled nor saved before the draft was read', async () => {
    server.handedOver = false
    rings()
    await later()
    machineSays('北京路')
    await later(2 * ROUND_MS)
    expect([desk.form.place, server.saves.length]).toEqual(['', 0])

    rings('TALKING')
    await later(ROUND_MS)
    machineSays('北京路')
    await desk.save()
    expect([desk.form.place, server.saves.length]).toEqual(['', 0])

    server.handedOver = true
    await later(2 * ROUND_MS)
    expect(desk.form.place).toBe('人民路八号')
    expect(server.stored?.content.place).toBe('人民路八号')
  })

  it('takes the words that were saved while it rang, and keeps the own', async () => {
    server.stored = null
    rings()
    await later()
    desk.edit('content', '停水三天')
    server.stored = { content: TYPED, updated_at: 'by a colleague' }
    rings('TALKING')
    await later(2 * ROUND_MS)
    expect([desk.form.place, desk.form.content]).toEqual(['人民路八号', '停水三天'])
    expect(server.stored?.content).toMatchObject({ place: '人民路八号', content: '停水三天' })
  })

  it('comes back with what was written elsewhere meanwhile', async () => {
    rings('TALKING')
    await later(2 * ROUND_MS)
    agent.call = null
    agent.holdsCall = false
    handlers.get('CallTransferred')?.({ call_id: 'c1', agent_id: 'other', to_name: '王志强' })
    const content = { ...TYPED, place: '人民路十号' }
    server.stored = { content, updated_at: 'by another colleague' }
    await later()
    rings('TALKING')
    await later(2 * ROUND_MS)
    expect(desk.form.place).toBe('人民路十号')
    expect(server.stored?.content.place).toBe('人民路十号')
  })

  it('is put together with what somebody saved in between, and says so', async () => {
    rings('TALKING')
    await later(2 * ROUND_MS)
    expect(desk.joinedLate).toBe(false)
    server.stored = { content: { ...TYPED, demand: '尽快恢复供水' }, updated_at: 'in between' }
    server.refuses = true
    desk.edit('content', '停水三天')
    await later(2 * ROUND_MS)
    const both = { place: '人民路八号', demand: '尽快恢复供水', content: '停水三天' }
    expect(desk.form).toMatchObject(both)
    expect(server.stored?.content).toMatchObject(both)
    expect([desk.saveState, desk.joinedLate]).toEqual(['saved', true])
  })

  it('is filled by the machine at once where nobody had typed', async () => {
    server.stored = null
    rings()
    await later()
    rings('TALKING')
    await later()
    expect(desk.form.place).toBe('南京路')
    await later(ROUND_MS)
    expect(server.stored).toMatchObject({ content: { place: '南京路' } })
  })
})

describe('two people’s work in one form', () => {
  const typed = (words: Data) => ({
    ...words,
    origins: Object.fromEntries(Object.keys(words).map((field) => [field, 'agent'])),
  })

  it('keeps the own words and takes all others', () => {
    const both = joined(typed({ place: '一号' }), typed({ place: '二号', title: '停水' }), null)
    expect(both.content).toMatchObject({ place: '一号', title: '停水' })
    expect(both.ours).toBe(true)
  })

  it('takes the newer words for those that the form began with', () => {
    const began = typed({ place: '一号' })
    const both = joined(began, { ...typed({ place: '二号' }), public_answer: '已答' }, began)
    expect(both).toMatchObject({ content: { place: '二号', public_answer: '已答' }, ours: false })
  })

  it('keeps empty what was emptied on purpose', () => {
    const both = joined(typed({ place: '' }), typed({ place: '一号' }), typed({ place: '一号' }))
    expect(both.content).toMatchObject({ place: '' })
  })

  it('leaves what the machine filled where nothing is stored', () => {
    const filled = { title: '停水', origins: { title: 'machine' } }
    expect(joined(filled, typed({ place: '一号' }), null).content).toMatchObject({
      title: '停水',
      place: '一号',
    })
  })
})
