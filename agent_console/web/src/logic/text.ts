/** Putting spoken words into fields, and cutting them into phrases. */

export interface Cursor {
  start: number
  end: number
}

export interface Inserted {
  value: string
  /** Where the cursor stands afterwards. */
  caret: number
}

/** Replaces what is selected, or inserts at the cursor; without a cursor it is appended. */
export function insertAt(value: string, text: string, cursor: Cursor | null): Inserted {
  const start = clamp(cursor?.start ?? value.length, value.length)
  const end = Math.max(start, clamp(cursor?.end ?? value.length, value.length))
  return {
    value: value.slice(0, start) + text + value.slice(end),
    caret: start + text.length,
  }
}

function clamp(position: number, length: number): number {
  return Math.min(Math.max(0, position), length)
}

/**
 * Cuts an utterance into phrases to click. The mark stays with its phrase for reading;
 * `insert` is what goes into a field, without the mark at its end.
 */
export function phrasesOf(text: string): { shown: string; insert: string }[] {
  const pieces = text.match(/[^，。？！；、,?!;]+[，。？！；、,?!;]*/g) ?? (text ? [text] : [])
  return pieces.map((shown) => ({
    shown,
    insert: shown.replace(/[，。？！；、,?!;\s]+$/u, '').trim() || shown.trim(),
  }))
}

/** What networks put in the place of a number that its caller hides. */
const HIDDEN = new Set(['anonymous', 'unknown', 'restricted', 'unavailable', 'private'])

/** Whether the caller hides the number; an empty one is not known at all. */
export function isHidden(number: string): boolean {
  return HIDDEN.has(number.trim().toLowerCase())
}

/** A telephone number in groups as it is read out: 138 0000 0001, 0734 812 3456. */
export function spokenNumber(number: string): string {
  if (isHidden(number)) return '号码未显示'
  const mobile = /^(?:(?:\+|00)?86|0)(1[3-9]\d{9})$/.exec(number)
  if (mobile?.[1]) return spokenNumber(mobile[1])
  const fixed = /^(?:\+|00)86([1-9]\d{8,10})$/.exec(number)
  if (fixed?.[1]) return spokenNumber(/^[48]00/.test(fixed[1]) ? fixed[1] : `0${fixed[1]}`)
  if (/^1\d{10}$/.test(number)) return `${number.slice(0, 3)} ${number.slice(3, 7)} ${number.slice(7)}`
  const land = /^(0[12]\d|0[3-9]\d{2})(\d{3,4})(\d{4})$/.exec(number)
  return land ? `${land[1]} ${land[2]} ${land[3]}` : number
}

/** 3.4 MB */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const kilo = bytes / 1024
  return kilo < 1024 ? `${kilo.toFixed(0)} KB` : `${(kilo / 1024).toFixed(1)} MB`
}
