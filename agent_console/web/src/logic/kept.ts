/**
 * Typed text that outlives a failed request, a reload or a wrong click: kept in this tab's session
 * storage until it was sent. Gone when the tab is closed; personal data does not stay behind.
 */

import { reactive, watch, type UnwrapNestedRefs } from 'vue'

const PREFIX = 'kept:'

export function readKept<T>(key: string): T | null {
  try {
    const text = sessionStorage.getItem(PREFIX + key)
    return text ? (JSON.parse(text) as T) : null
  } catch {
    return null
  }
}

export function writeKept(key: string, value: unknown): void {
  try {
    sessionStorage.setItem(PREFIX + key, JSON.stringify(value))
  } catch {
    // Storage full or switched off: the text is still on the screen.
  }
}

export function dropKept(key: string): void {
  try {
    sessionStorage.removeItem(PREFIX + key)
  } catch {
    // See above.
  }
}

export function dropAllKept(): void {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key)
  }
}

/** A form's fields, kept under `key`. `clear` empties them after they were sent. */
export function useKept<T extends object>(
  key: string,
  blank: () => T,
): { fields: UnwrapNestedRefs<T>; clear: () => void } {
  const fields = reactive({ ...blank(), ...(readKept<Partial<T>>(key) ?? {}) } as T)
  watch(fields, (now) => writeKept(key, now), { deep: true })
  function clear(): void {
    Object.assign(fields, blank())
    // After the watcher has run, which would keep the blank form.
    setTimeout(() => dropKept(key))
  }
  return { fields, clear }
}
