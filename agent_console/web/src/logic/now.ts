/** The present second, for timers on the screen. One timer serves the whole page. */

import { ref, type Ref } from 'vue'

import { serverNow } from './clock'

const now = ref(serverNow())
let started = false

export function useNow(): Ref<number> {
  if (!started) {
    started = true
    setInterval(() => (now.value = serverNow()), 1000)
  }
  return now
}
