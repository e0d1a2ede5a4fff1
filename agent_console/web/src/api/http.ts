/** One way to the server: adds what every request needs, turns every failure into one error. */

import { learnServerTime } from '@/logic/clock'

export interface FieldError {
  field: string
  message: string
}

/** The server refused; `title` and `detail` are Chinese and made for the reader. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly errors: FieldError[] = [],
    readonly extra: Record<string, unknown> = {},
  ) {
    super(detail || title)
    this.name = 'ApiError'
  }

  /** Someone else changed the record in between. */
  get stale(): boolean {
    return this.status === 412
  }
}

/** The server did not answer at all: what was typed is still here, and may be sent again. */
export class NetworkError extends Error {
  constructor() {
    super('网络连接失败，内容已保留，请稍后重试')
    this.name = 'NetworkError'
  }
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | null | undefined>
  body?: unknown
  /** A file as the body, as it is. */
  file?: Blob
  idempotencyKey?: string
  signal?: AbortSignal
  /** Let the request outlive the page (drafts on leaving). */
  keepalive?: boolean
}

type Unauthorized = () => void
let onUnauthorized: Unauthorized = () => {}

/** Called whenever the server says that nobody is signed in. */
export function whenUnauthorized(handler: Unauthorized): void {
  onUnauthorized = handler
}

export async function request<T>(
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<T> {
  const { response, text } = await exchange(method, path, options)
  learnServerTime(response.headers.get('Date'))
  if (response.status === 401 && path !== '/api/session') onUnauthorized()
  if (!response.ok) throw toProblem(response.status, parsed(text))
  return (text ? JSON.parse(text) : undefined) as T
}

/** A connection that died without a word would keep its question open for minutes. */
const PATIENCE_MS = 30_000
/** A photograph over a village's line takes its time. */
const PATIENCE_WITH_FILES_MS = 10 * 60_000

/** Ends what is under way when the browser learns that there is no network, and when it lasts. */
function limited(wanted: AbortSignal | undefined, patience: number): { signal: AbortSignal; over: () => void } {
  const stop = new AbortController()
  const give = () => stop.abort()
  const timer = setTimeout(give, patience)
  globalThis.addEventListener?.('offline', give)
  wanted?.addEventListener('abort', give)
  if (wanted?.aborted) give()
  const over = () => {
    clearTimeout(timer)
    globalThis.removeEventListener?.('offline', give)
    wanted?.removeEventListener('abort', give)
  }
  return { signal: stop.signal, over }
}

async function exchange(
  method: string,
  path: string,
  options: RequestOptions,
): Promise<{ response: Response; text: string }> {
  const patience = options.file ? PATIENCE_WITH_FILES_MS : PATIENCE_MS
  const { signal, over } = limited(options.signal, patience)
  try {
    const response = await fetch(path + queryString(options.query), {
      method,
      headers: headersOf(method, options),
      body: options.file ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      credentials: 'same-origin',
      signal,
      keepalive: options.keepalive,
    })
    return { response, text: await response.text() }
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw new NetworkError()
  } finally {
    over()
  }
}

function headersOf(method: string, options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = { Accept: 'application/json, application/problem+json' }
  if (method !== 'GET') headers['X-Requested-With'] = 'hotline'
  if (options.file) headers['Content-Type'] = 'application/octet-stream'
  else if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  if (options.idempotencyKey) headers['Idempotency-Key'] = options.idempotencyKey
  return headers
}

export function queryString(query: RequestOptions['query']): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') params.set(key, String(value))
  }
  const text = params.toString()
  return text ? `?${text}` : ''
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Reads problem+json; a body that is none (a proxy's page) still gives a readable error. */
export function toProblem(status: number, body: unknown): ApiError {
  const known = (body && typeof body === 'object' ? body : {}) as Record<string, unknown>
  const text = (key: string) => (typeof known[key] === 'string' ? (known[key] as string) : '')
  const title = text('title') || (status >= 500 ? '服务器暂时无法处理' : '请求未完成')
  const errors = Array.isArray(known.errors) ? (known.errors as FieldError[]) : []
  return new ApiError(status, text('code') || `http-${status}`, title, text('detail'), errors, known)
}

/** One sentence for any error. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) {
    const fields = error.errors.map((item) => item.message).filter((message) => message)
    const detail = error.detail && error.detail !== error.title ? error.detail : ''
    const rest = fields.length > 0 && !fields.every((m) => detail.includes(m)) ? fields.join('；') : ''
    return [error.title, [detail, rest].filter((part) => part).join('；')]
      .filter((part) => part)
      .join('：')
  }
  if (error instanceof Error && error.message) return error.message
  return '操作未完成，请重试'
}

/**
 * Hands out one key per content: the same content sent again (a retry) carries the same key,
 * so that the server carries a command out once; changed content gets a new one.
 */
export class IdempotencyKeys {
  private last = ''
  private key = ''

  keyFor(content: unknown): string {
    const now = JSON.stringify(content)
    if (now !== this.last || !this.key) {
      this.last = now
      this.key = newKey()
    }
    return this.key
  }

  /** The command was carried out: the same content would be a new command. */
  done(): void {
    this.last = ''
    this.key = ''
  }
}

function newKey(): string {
  // randomUUID exists in secure contexts only; an agent may sit behind plain http in a test net.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
