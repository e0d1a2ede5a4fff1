import { describe, expect, it } from 'vitest'

import type { ArticleCard } from '@/api/knowledge'
import { articleKey, holds, sourcesOf, withArticle } from '@/logic/knowledge'

const card: ArticleCard = {
  number: 'K0408',
  version: 1,
  title: '路灯不亮',
  spoken: '请说一下是哪条路。',
  unit: 'D-CG',
  unit_name: '区城管局',
  valid_from: '2026-01-01',
  valid_to: '2026-12-31',
  ends_at: '2027-01-01T00:00:00+08:00',
  example: true,
  source: '（依据：知识库K0408《路灯不亮》，区城管局，2026-01-01至2026-12-31有效）',
}

function key(code: string, more = {}) {
  return {
    code,
    altKey: true,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    isComposing: false,
    ...more,
  }
}

describe('an answer that rests on an article', () => {
  it('names it, once, after what was there', () => {
    const once = withArticle('您好。 ', card)
    expect(once).toBe(`您好。\n${card.spoken}\n${card.source}`)
    expect(withArticle(once, card)).toBe(once)
    expect(sourcesOf(once)).toEqual(['K0408'])
  })

  it('names it no more when the line is gone', () => {
    expect(sourcesOf(card.spoken)).toEqual([])
  })
})

describe('the last day of an article', () => {
  it('ends at midnight, wherever the page is', () => {
    expect(holds(card, Date.parse('2026-12-31T15:59:59Z'))).toBe(true)
    expect(holds(card, Date.parse('2026-12-31T16:00:00Z'))).toBe(false)
    expect(holds({ ...card, ends_at: null }, Number.MAX_SAFE_INTEGER)).toBe(true)
  })
})

describe('the keys', () => {
  it('are Alt with a digit, and nothing else', () => {
    expect(articleKey(key('Digit1'))).toBe(1)
    expect(articleKey(key('Numpad3'))).toBe(3)
    expect(articleKey(key('Digit0'))).toBe(0)
    expect(articleKey(key('Digit1', { altKey: false }))).toBeNull()
    expect(articleKey(key('Digit1', { ctrlKey: true }))).toBeNull()
    expect(articleKey(key('Digit1', { isComposing: true }))).toBeNull()
    expect(articleKey(key('KeyA'))).toBeNull()
  })
})
