import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { ApiError, IdempotencyKeys, NetworkError, queryString, request, sentenceOf, toProblem } from '@/api/http'

function answer(status: number, body: unknown, type = 'application/json'): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': type } })
}

describe('asking the server', () => {
  const fetched = vi.fn<typeof fetch>()
  beforeEach(() => vi.stubGlobal('fetch', fetched))
  afterEach(() => {
    vi.unstubAllGlobals()
    fetched.mockReset()
  })

  it('marks every change as coming from our own page, with its key', async () => {
    fetched.mockResolvedValue(answer(200, { id: '1' }))
    await request('POST', '/api/orders', { body: { title: 'x' }, idempotencyKey: 'k' })
    const [path, init] = fetched.mock.calls[0]!
    expect(path).toBe('/api/orders')
    expect(init?.headers).toMatchObject({ 'X-Requested-With': 'hotline', 'Idempotency-Key': 'k' })
    expect(init?.credentials).toBe('same-origin')
  })

  it('turns a problem into a readable error with its fields', async () => {
    const problem = {
      title: '填写的内容有误',
      detail: '标题：不能为空',
      code: 'invalid-input',
      errors: [{ field: 'title', message: '不能为空' }],
    }
    fetched.mockResolvedValue(answer(422, problem, 'application/problem+json'))
    const error = await request('POST', '/api/orders', { body: {} }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ApiError)
    expect((error as ApiError).errors).toEqual([{ field: 'title', message: '不能为空' }])
    expect(sentenceOf(error)).toBe('填写的内容有误：标题：不能为空')
  })

  it('says that the network failed and that nothing was lost', async () => {
    fetched.mockRejectedValue(new TypeError('Failed to fetch'))
    const error = await request('GET', '/api/orders').catch((e: unknown) => e)
    expect(error).toBeInstanceOf(NetworkError)
    expect(sentenceOf(error)).toContain('内容已保留')
  })

  it('reads an answer without content', async () => {
    fetched.mockResolvedValue(new Response(null, { status: 204 }))
    expect(await request('DELETE', '/api/session')).toBeUndefined()
  })
})

describe('errors', () => {
  it('knows when someone else was faster', () => {
    expect(toProblem(412, { title: '数据已被他人修改' }).stale).toBe(true)
    expect(toProblem(409, {}).stale).toBe(false)
  })

  it("makes a sentence of a proxy's page that is no problem+json", () => {
    expect(sentenceOf(toProblem(502, null))).toBe('服务器暂时无法处理')
  })
})

describe('keys of commands', () => {
  it('are the same for a retry and new for other content or the next command', () => {
    const keys = new IdempotencyKeys()
    const first = keys.keyFor({ title: 'a' })
    expect(keys.keyFor({ title: 'a' })).toBe(first)
    const changed = keys.keyFor({ title: 'b' })
    expect(changed).not.toBe(first)
    keys.done()
    expect(keys.keyFor({ title: 'b' })).not.toBe(changed)
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})

it('leaves empty filters out of the address', () => {
  expect(queryString({ q: '路灯', state: '', cursor: null, limit: 0 })).toBe(
    '?q=%E8%B7%AF%E7%81%AF&limit=0',
  )
  expect(queryString({})).toBe('')
})
