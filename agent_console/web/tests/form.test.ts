import { describe, expect, it } from 'vitest'

import type { Fact, Understanding } from '@/api/types'
import {
  emptyForm,
  fromDraft,
  hasContent,
  missing,
  newSheet,
  proposedFields,
  toDraft,
  withEdit,
  withProposals,
} from '@/logic/form'

function fact(kind: string, text: string, value = text): Fact {
  return { kind, text, value, span: { start: 0, end: text.length }, resolved: null }
}

function understood(title: string, facts: Fact[] = []): Understanding {
  return {
    request_types: [],
    categories: [],
    departments: [],
    urgency: 'NORMAL',
    urgency_reason: '',
    title,
    facts,
    model_version: 'test',
  }
}

const CALLER = { callerNumber: '13800000001' }

describe('filling the form while the citizen speaks', () => {
  it('says for how long in set words, and a moment as it was said', () => {
    const span = understood('', [fact('time', '一个星期了', '持续一个星期')])
    const moment = understood('', [fact('time', '昨天晚上', '2026-11-21')])
    expect(withProposals(newSheet(''), span, CALLER).form.occurred).toBe('持续一个星期')
    expect(withProposals(newSheet(''), moment, CALLER).form.occurred).toBe('昨天晚上')
  })

  it('writes down no number of a caller who hides it', () => {
    expect(newSheet('Anonymous')).toEqual(newSheet(''))
    expect(newSheet('anonymous').origins.caller_phone).toBeUndefined()
  })

  it('takes title, place, time, phone and demand from what was understood', () => {
    const news = understood('蒸湘北路路灯不亮', [
      fact('place', '蒸湘北路', '蒸湘北路'),
      fact('time', '昨天晚上'),
      fact('phone', '一三九零七三四一二三四', '13907341234'),
      fact('demand', '希望尽快修好'),
    ])
    const { form, origins } = withProposals(newSheet('13800000001'), news, CALLER)
    expect(form).toMatchObject({
      title: '蒸湘北路路灯不亮',
      place: '蒸湘北路',
      occurred: '昨天晚上',
      callback_phone: '13907341234',
      demand: '希望尽快修好',
      caller_phone: '13800000001',
    })
    expect(origins).toMatchObject({ title: 'machine', place: 'machine', caller_phone: 'line' })
  })

  it('replaces its own words by better ones, and keeps them when nothing new came', () => {
    const first = withProposals(newSheet(), understood('路灯'), CALLER)
    const second = withProposals(first, understood('蒸湘北路路灯不亮'), CALLER)
    const third = withProposals(second, understood(''), CALLER)
    expect(third.form.title).toBe('蒸湘北路路灯不亮')
  })

  it('never writes over what the agent typed, not even over a field the agent emptied', () => {
    const typed = withEdit(newSheet(), 'title', '我写的标题')
    expect(withProposals(typed, understood('机器的标题'), CALLER).form.title).toBe('我写的标题')

    const filled = withProposals(newSheet(), understood('机器的标题'), CALLER)
    const emptied = withEdit(filled, 'title', '')
    expect(withProposals(emptied, understood('机器的新标题'), CALLER).form.title).toBe('')
  })

  it('leaves the field alone that has the cursor', () => {
    const busy = withProposals(newSheet(), understood('标题', [fact('place', '立新大道')]), {
      ...CALLER,
      busyField: 'title',
    })
    expect(busy.form.title).toBe('')
    expect(busy.form.place).toBe('立新大道')
  })

  it('does not repeat the calling number as the number to call back', () => {
    const same = understood('', [fact('phone', '138 0000 0001', '13800000001')])
    expect(proposedFields(same, '138-0000-0001')).not.toHaveProperty('callback_phone')
  })

  it('cuts a title that is too long for an order', () => {
    expect(proposedFields(understood('长'.repeat(80)), '').title).toHaveLength(50)
  })
})

describe('confidential reports', () => {
  it('become confidential with the type, and open again when the type changes', () => {
    const report = withEdit(newSheet(), 'request_type', 'REPORT')
    expect(report.form.confidential).toBe(true)
    expect(withEdit(report, 'request_type', 'HELP').form.confidential).toBe(false)
  })

  it('follow the agent once the agent has decided', () => {
    const decided = withEdit(newSheet(), 'confidential', false)
    expect(withEdit(decided, 'request_type', 'REPORT').form.confidential).toBe(false)
  })
})

describe('before sending', () => {
  const complete = {
    ...emptyForm(),
    request_type: 'HELP',
    category: 'C010102',
    title: '路灯不亮',
    content: '路灯不亮',
    caller_phone: '13800000001',
    lead_department: 'D-CG',
  }

  it('says which fields are missing', () => {
    expect(Object.keys(missing(emptyForm(), 'dispatch_queue')).sort()).toEqual(
      ['caller_phone', 'category', 'content', 'lead_department', 'request_type', 'title'].sort(),
    )
    expect(missing(complete, 'dispatch_queue')).toEqual({})
  })

  it('asks for an answer, and for no unit, when answered on the spot', () => {
    const answered = { ...complete, lead_department: '' }
    expect(missing(answered, 'answered', '')).toHaveProperty('public_answer')
    expect(missing(answered, 'answered', '已答复')).toEqual({})
  })

  it('does not take blanks for content', () => {
    expect(missing({ ...complete, content: '  \n' }, 'dispatch_queue')).toHaveProperty('content')
  })
})

describe('drafts', () => {
  it('come back as they were, with who filled what', () => {
    const sheet = withEdit(
      withProposals(newSheet('13800000001'), understood('标题'), CALLER),
      'content',
      '我记的内容',
    )
    expect(fromDraft(JSON.parse(JSON.stringify(toDraft(sheet))))).toEqual(sheet)
  })

  it('of another version keep what is known and drop the rest', () => {
    const { form, origins } = fromDraft({ title: '标题', content: 7, strange: 'x' }, '138')
    expect(form.title).toBe('标题')
    expect(form.content).toBe('')
    expect(form.caller_phone).toBe('138')
    expect(origins.title).toBe('agent')
    expect(form).not.toHaveProperty('strange')
  })

  it('count as work only what the agent did', () => {
    const filled = withProposals(newSheet('138'), understood('标题'), CALLER)
    expect(hasContent(filled)).toBe(false)
    expect(hasContent(withEdit(filled, 'content', '内容'))).toBe(true)
    expect(hasContent(withEdit(filled, 'title', ''))).toBe(false)
  })
})
