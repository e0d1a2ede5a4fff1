/**
 * An answer and the articles it rests on. The answer itself says which: its source lines are the
 * one place where that stands, so it survives drafts, reloads and joining, and goes with the line.
 */

import type { ArticleCard } from '@/api/knowledge'

const SOURCE = /知识库(K\d{4,})《/g

/** Numbers of the articles that an answer names, in order. */
export function sourcesOf(answer: string): string[] {
  return [...new Set([...answer.matchAll(SOURCE)].map((found) => found[1] ?? ''))]
}

/** The answer with what the article says, and where that comes from. Said twice it stands once. */
export function withArticle(answer: string, card: ArticleCard): string {
  if (answer.includes(card.source)) return answer
  const before = answer.trim()
  return `${before ? `${before}\n` : ''}${card.spoken}\n${card.source}`
}

/** Whether it may be used at that moment. */
export function holds(card: ArticleCard, now: number): boolean {
  return card.ends_at === null || Date.parse(card.ends_at) > now
}

/** 2026-01-01 起长期有效 / 有效期至 2026-12-31 */
export function validity(card: { valid_from: string; valid_to: string | null }): string {
  return card.valid_to ? `有效期至${card.valid_to}` : `${card.valid_from}起有效`
}

interface KeyLike {
  code: string
  altKey: boolean
  ctrlKey: boolean
  metaKey: boolean
  shiftKey: boolean
  isComposing: boolean
  repeat?: boolean
}

/** Alt and a digit: 1 … inserts an article, 0 goes to the search box; null: another key. */
export function articleKey(event: KeyLike): number | null {
  if (event.isComposing || event.repeat || !event.altKey) return null
  if (event.ctrlKey || event.metaKey || event.shiftKey) return null
  const found = /^(?:Digit|Numpad)(\d)$/.exec(event.code)
  return found ? Number(found[1]) : null
}
