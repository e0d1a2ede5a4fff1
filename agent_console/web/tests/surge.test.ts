import { describe, expect, it } from 'vitest'

import { filledTemplate, templateForm } from '@/logic/surge'

const LEAK = { request_type: 'HELP', category: '0301', urgency: 'CRITICAL', title: '燃气泄漏', content: '多人反映燃气泄漏', demand: '尽快处置' }

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
