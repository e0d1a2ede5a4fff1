import { describe, expect, it } from 'vitest'

import { ApiError } from '@/api/http'
import { newest, useAnswer, useList } from '@/logic/asking'

/** Answers that come when the test says so, in any order. */
function slow<T>() {
  const waiting: { resolve: (value: T) => void; reject: (error: unknown) => void }[] = []
  const read = () => new Promise<T>((resolve, reject) => waiting.push({ resolve, reject }))
  const at = (index: number) => waiting[index]!
  return { read, at, asked: () => waiting.length }
}

const refusal = new ApiError(422, 'invalid-input', '填写的内容有误', '')

describe('of questions asked one after the other', () => {
  it('only the newest one counts', () => {
    const ask = newest()
    const first = ask()
    expect(first()).toBe(true)
    const second = ask()
    expect([first(), second()]).toEqual([false, true])
  })

  it('an old answer that comes late changes nothing', async () => {
    const server = slow<string>()
    const { answer, loading, load } = useAnswer(server.read)
    const both = [load(), load()]
    server.at(1).resolve('按坐席')
    await both[1]
    expect([answer.value, loading.value]).toEqual(['按坐席', false])
    server.at(0).resolve('按半小时')
    await both[0]
    expect(answer.value).toBe('按坐席')
  })

  it('an old failure is not shown, and the newest keeps what was read', async () => {
    const server = slow<string>()
    const { answer, trouble, load } = useAnswer(server.read)
    const [old, good] = [load(), load()]
    server.at(1).resolve('班表')
    await good
    server.at(0).reject(refusal)
    await old
    expect(trouble.value).toBe('')
    const bad = load()
    server.at(2).reject(refusal)
    await bad
    expect([answer.value, trouble.value]).toEqual(['班表', '填写的内容有误'])
  })
})

describe('a list', () => {
  const page = (items: string[], next: string | null = null) => ({ items, next_cursor: next })

  it('grows page by page', async () => {
    const asked: (string | null)[] = []
    const pages = [page(['甲', '乙'], 'after-2'), page(['丙'])]
    const list = useList<string>(async (cursor) => {
      asked.push(cursor)
      return pages[asked.length - 1]!
    })
    await list.load()
    expect(list.cursor.value).toBe('after-2')
    await list.load(true)
    expect(list.rows.value).toEqual(['甲', '乙', '丙'])
    expect([asked, list.cursor.value]).toEqual([[null, 'after-2'], null])
  })

  it('does not append to another filter what an older one found', async () => {
    const server = slow<ReturnType<typeof page>>()
    const list = useList<string>(server.read)
    const first = list.load()
    server.at(0).resolve(page(['甲'], 'after-1'))
    await first
    const more = list.load(true)
    const other = list.load()
    server.at(2).resolve(page(['丁']))
    await other
    server.at(1).resolve(page(['乙']))
    await more
    expect(list.rows.value).toEqual(['丁'])
    expect([list.loaded.value, list.loading.value, server.asked()]).toEqual([true, false, 3])
  })
})
