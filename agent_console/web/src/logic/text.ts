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

/** A telephone number in groups as it is read out: 138 0000 0001, 0734 812 3456. */
export function spokenNumber(number: string): string {
  if (number === 'anonymous') return '隐藏号码'
  const abroad = /^\+86(1\d{10})$/.exec(number)
  if (abroad?.[1]) return spokenNumber(abroad[1])
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
