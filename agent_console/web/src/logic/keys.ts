/** The desk's keys. None of them is a bare letter, and none acts while an input method composes. */

export type DeskKey = 'answer' | 'hold' | 'mute' | 'consult' | 'transfer' | 'dial' | 'submit' | 'save'

const FUNCTION_KEYS: Partial<Record<string, DeskKey>> = {
  F2: 'answer',
  F4: 'hold',
  F6: 'mute',
  F7: 'consult',
  F8: 'transfer',
  F9: 'dial',
}

interface KeyLike {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
  isComposing: boolean
  keyCode?: number
  repeat?: boolean
}

/** keyCode of keys that an input method is still handling (older browsers set nothing else). */
const COMPOSING = 229

export function deskKey(event: KeyLike): DeskKey | null {
  if (event.isComposing || event.keyCode === COMPOSING || event.repeat) return null
  const control = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey
  if (control && event.key === 'Enter') return 'submit'
  if (control && event.key.toLowerCase() === 's') return 'save'
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return null
  return FUNCTION_KEYS[event.key] ?? null
}
