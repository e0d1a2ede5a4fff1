import { describe, expect, it } from 'vitest'

import { insertAt, phrasesOf, spokenNumber } from '@/logic/text'
import {
  atMoment,
  merged,
  modeNotice,
  speakerOf,
  withUtterance,
  wordsOf,
  type Spoken,
} from '@/logic/transcript'

function said(id: string, text: string, over: Partial<Spoken> = {}): Spoken {
  const start = over.start ?? Number(id)
  return { utterance_id: id, leg: 'CALLER', start, end: start + 1, text, final: true, ...over }
}

describe('a live transcript', () => {
  it('shows the growing words of an utterance once, then the final ones', () => {
    const heard = [
      said('1', '路', { final: false }),
      said('1', '路灯', { final: false }),
      said('1', '路灯坏了。'),
    ].reduce<Spoken[]>(withUtterance, [])
    expect(heard.map((item) => [item.text, item.final])).toEqual([['路灯坏了。', true]])
  })

  it('lets no late interim word replace a final one', () => {
    const list = [said('1', '路灯坏了。')]
    expect(withUtterance(list, said('1', '路灯', { final: false }))).toEqual(list)
  })

  it('stands in the order in which people began to speak', () => {
    const list = [said('b', '二', { start: 5 }), said('a', '一', { start: 1 })]
    expect(list.reduce<Spoken[]>(withUtterance, []).map((i) => i.utterance_id)).toEqual(['a', 'b'])
  })

  it('forgets an utterance that turned out to be nothing', () => {
    const list = [said('1', '嗯', { final: false })]
    expect(withUtterance(list, said('1', ''))).toEqual([])
  })

  it('joins what is stored with what was heard meanwhile', () => {
    const stored = [said('1', '存好的。'), said('2', '也存好的。')]
    const live = [said('2', '旧的。'), said('3', '还没说完', { final: false })]
    expect(merged(stored, live).map((item) => item.text)).toEqual([
      '存好的。',
      '也存好的。',
      '还没说完',
    ])
  })

  it("gives one side's final words as a text", () => {
    const list = [
      said('1', '路灯坏了'),
      said('2', '在哪里？', { leg: 'AGENT' }),
      said('3', '蒸湘北路。'),
      said('4', '还', { final: false }),
    ]
    expect(wordsOf(list, 'CALLER')).toBe('路灯坏了。蒸湘北路。')
  })

  it('names who spoke: two agents apart, an expert, an emergency service', () => {
    const labels: Record<string, string> = { CALLER: '市民', AGENT: '坐席', SUPERVISOR: '班长' }
    const shown = (kind: string | null, name = ''): string =>
      speakerOf(
        said('1', '您好。', {
          leg: kind ? 'AGENT' : 'CALLER',
          speaker: kind ? { party_id: 'p', kind, name } : null,
        }),
        (_, code) => labels[code] ?? code,
      )
    expect(shown(null)).toBe('市民')
    expect(shown('AGENT', '王芳')).toBe('坐席 王芳')
    expect(shown('SUPERVISOR', '李强')).toBe('班长 李强')
    expect(shown('EXPERT', '社保待遇政策咨询')).toBe('专家 社保待遇政策咨询')
    expect(shown('EMERGENCY', '110 公安报警')).toBe('110 公安报警')
  })

  it('finds the sentence that is being played', () => {
    const list = [said('1', '一', { start: 0, end: 2 }), said('2', '二', { start: 3, end: 5 })]
    expect(atMoment(list, 1)).toBe('1')
    expect(atMoment(list, 2.7)).toBeNull()
    expect(atMoment(list, 3.5)).toBe('2')
  })

  it('marks the sentence that was clicked, also when another speaks at once', () => {
    const both = [said('1', '您好', { start: 8, end: 11 }), said('2', '喂', { start: 8.2, end: 10 })]
    const list = both.map((item) => ({ ...item, corrections: [] })) as never
    expect(atMoment(list, 8.5)).toBe('2')
    expect(atMoment(list, 8.5, '1')).toBe('1')
    expect(atMoment(list, 7.95, '1')).toBe('1')
    expect(atMoment(list, 9, '2')).toBe('2')
    expect(atMoment(list, 10.5, '2')).toBe('1')
  })
})

describe('putting words into fields', () => {
  it('inserts at the cursor and tells where the cursor is then', () => {
    expect(insertAt('在附近', '蒸湘北路', { start: 1, end: 1 })).toEqual({
      value: '在蒸湘北路附近',
      caret: 5,
    })
  })

  it('replaces what is marked, and appends without a cursor', () => {
    expect(insertAt('在某处附近', '蒸湘北路', { start: 1, end: 3 }).value).toBe('在蒸湘北路附近')
    expect(insertAt('地点：', '蒸湘北路', null).value).toBe('地点：蒸湘北路')
  })

  it('stays inside a text that became shorter', () => {
    expect(insertAt('短', '词', { start: 9, end: 12 })).toEqual({ value: '短词', caret: 2 })
  })

  it('cuts an utterance at its marks and leaves the marks out of the field', () => {
    expect(phrasesOf('蒸湘北路，路灯坏了。')).toEqual([
      { shown: '蒸湘北路，', insert: '蒸湘北路' },
      { shown: '路灯坏了。', insert: '路灯坏了' },
    ])
    expect(phrasesOf('没有标点').map((p) => p.insert)).toEqual(['没有标点'])
    expect(phrasesOf('')).toEqual([])
  })

  it('groups numbers as they are read out', () => {
    expect(spokenNumber('13800000001')).toBe('138 0000 0001')
    expect(spokenNumber('07348123456')).toBe('0734 812 3456')
    expect(spokenNumber('138****0001')).toBe('138****0001')
    expect(spokenNumber('+8613800000001')).toBe('138 0000 0001')
    expect(spokenNumber('8613800000001')).toBe('138 0000 0001')
    expect(spokenNumber('013800000001')).toBe('138 0000 0001')
    expect(spokenNumber('+867348123456')).toBe('0734 812 3456')
    expect(spokenNumber('00861012345678')).toBe('010 1234 5678')
    expect(spokenNumber('+864008123456')).toBe('4008123456')
    expect(spokenNumber('+13812345678')).toBe('+13812345678')
    expect(spokenNumber('8612345')).toBe('8612345')
    expect(spokenNumber('anonymous')).toBe('号码未显示')
    expect(spokenNumber('Restricted')).toBe('号码未显示')
    expect(spokenNumber('')).toBe('')
  })
})

describe('what is recognised less on a full machine', () => {
  const label = (leg: string) => ({ CALLER: '市民', AGENT: '坐席' })[leg] ?? leg

  it('says nothing while everything is live', () => {
    expect(modeNotice({}, label)).toBe('')
    expect(modeNotice({ CALLER: 'LIVE', AGENT: 'LIVE' }, label)).toBe('')
  })

  it('says that words come by sentences', () => {
    expect(modeNotice({ CALLER: 'SENTENCES', AGENT: 'LIVE' }, label)).toContain('说完一句')
  })

  it('names the side whose words come from the recording', () => {
    const notice = modeNotice({ CALLER: 'SENTENCES', AGENT: 'RECORDING' }, label)
    expect(notice).toContain('坐席的话将在通话结束后')
    expect(notice).not.toContain('市民')
  })
})
