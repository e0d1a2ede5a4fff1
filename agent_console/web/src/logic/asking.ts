/** Reading from the server when the question may change before the answer is there. */

import { computed, ref, shallowRef, type Ref } from 'vue'

import { sentenceOf } from '@/api/http'

/**
 * Of questions asked one after the other only the newest one's answer counts: answers come in any
 * order, and an old one must not replace what was asked for since.
 *
 *     const ask = newest()
 *     …
 *     const current = ask()
 *     const found = await floorApi.floor()
 *     if (current()) picture.value = found
 */
export function newest(): () => () => boolean {
  let asked = 0
  return () => {
    const mine = ++asked
    return () => mine === asked
  }
}

/** One thing that is read anew whenever the question changes. What was read stays after a failure. */
export function useAnswer<T>(read: () => Promise<T>) {
  const answer = shallowRef<T | null>(null)
  const loading = ref(false)
  const trouble = ref('')
  const ask = newest()

  async function load(): Promise<void> {
    const current = ask()
    loading.value = true
    try {
      const found = await read()
      if (!current()) return
      answer.value = found
      trouble.value = ''
    } catch (error) {
      if (current()) trouble.value = sentenceOf(error)
    } finally {
      if (current()) loading.value = false
    }
  }

  return { answer, loading, trouble, load }
}

interface ListPage<T> {
  items: T[]
  next_cursor: string | null
}

/** A list that is read page by page; `page` is the one read last, with what stands beside its rows. */
export function useList<T, P extends ListPage<T> = ListPage<T>>(
  read: (cursor: string | null) => Promise<P>,
) {
  const rows = ref([]) as Ref<T[]>
  const page = shallowRef<P | null>(null)
  const loaded = ref(false)
  const loading = ref(false)
  const trouble = ref('')
  const cursor = computed(() => page.value?.next_cursor ?? null)
  const ask = newest()

  async function load(more = false): Promise<void> {
    const current = ask()
    loading.value = true
    try {
      const found = await read(more ? cursor.value : null)
      if (!current()) return
      rows.value = more ? [...rows.value, ...found.items] : found.items
      page.value = found
      trouble.value = ''
    } catch (error) {
      if (current()) trouble.value = sentenceOf(error)
    } finally {
      if (current()) {
        loaded.value = true
        loading.value = false
      }
    }
  }

  return { rows, page, cursor, loaded, loading, trouble, load }
}
