/** The auditor's sheets: marks per item, null where an item does not apply. */

import type { SheetItem } from '@/api/types'

/** undefined: not marked yet; null: does not apply. */
export type Marks = Record<string, number | null | undefined>

export function unmarked(items: SheetItem[], marks: Marks): number {
  return items.filter((item) => marks[item.code] === undefined).length
}

/** The sum so far, scaled to what all items are worth: items that do not apply leave the rest. */
export function totalOf(items: SheetItem[], marks: Marks): { got: number; text: string } {
  const full = items.reduce((sum, item) => sum + item.max, 0)
  const counted = items.filter((item) => marks[item.code] !== null)
  const possible = counted.reduce((sum, item) => sum + item.max, 0)
  const sum = counted.reduce((total, item) => total + (marks[item.code] ?? 0), 0)
  const got = possible > 0 ? (sum / possible) * full : 0
  return { got, text: `${Math.round(got * 10) / 10} / ${full}` }
}
