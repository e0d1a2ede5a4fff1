import { describe, expect, it } from 'vitest'

import type { SurgeView } from '@/api/floor-types'
import { filledTemplate, templateForm, volumeWords } from '@/logic/surge'

const LEAK = { request_type: 'HELP', category: '0301', urgency: 'CRITICAL', title: '燃气泄漏', content: '多人反映燃气泄漏', demand: '尽快处置' }

describe('calls beside the forecast', () => {
  const view: SurgeView = {
    active: null, minutes: 30, offered: 41, forecast: 20.4, ratio: 2.01, limit_ratio: 1.8, history: [], to_be_called: [],
  }

  it('says over how many minutes, and from what share on, as the rules have it', () => {
    expect(volumeWords(view)).toEqual({
      before: '近30分钟来电',
      after: ' · 预测 20 · 201%',
      hint: '最近30分钟来电与预测之比，超过180%时自动启动激增模式',
    })
  })

  it('names no share where a person alone starts it, and no forecast without a past', () => {
    const words = volumeWords({ ...view, forecast: null, ratio: null, limit_ratio: null })
    expect([words.after, words.hint]).toEqual(['', '最近30分钟来电与预测之比'])
  })
})

describe('the template of the one-key order', () => {
  it('keeps its urgency, and what the dialog does not ask for, when only the title is changed', () => {
    const form = { ...templateForm(LEAK), title: '城北燃气泄漏' }
    expect(filledTemplate(form, LEAK)).toEqual({ ...LEAK, title: '城北燃气泄漏' })
  })

  it('has the urgency that the leader chose, an ordinary one when none was chosen', () => {
    const form = { ...templateForm(), title: '停水', content: '停水' }
    expect(filledTemplate(form).urgency).toBe('NORMAL')
    expect(filledTemplate({ ...form, urgency: 'CRITICAL' }).urgency).toBe('CRITICAL')
  })

  it('loses what was emptied, and is none when all was', () => {
    expect(filledTemplate({ ...templateForm(LEAK), category: '' }, LEAK)).not.toHaveProperty('category')
    const emptied = Object.fromEntries(Object.keys(templateForm()).map((key) => [key, ''])) as ReturnType<typeof templateForm>
    expect(filledTemplate({ ...emptied, urgency: 'CRITICAL' }, LEAK)).toEqual({})
  })
})
