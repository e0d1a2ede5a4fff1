/**
 * Server-sent events over fetch: unlike EventSource it tells why a connection failed, sends
 * Last-Event-ID on every new try, and notices a line that has gone silent.
 */

export interface SseMessage {
  event: string
  data: string
}

/** Turns text as it arrives into messages; remembers the last id, also of messages without data. */
export class SseParser {
  lastEventId = ''
  private rest = ''
  private event = ''
  private data: string[] = []

  push(chunk: string): SseMessage[] {
    const lines = (this.rest + chunk).split(/\r\n|\n|\r(?!$)/)
    this.rest = lines.pop() ?? ''
    const messages: SseMessage[] = []
    for (const line of lines) {
      const message = this.line(line)
      if (message) messages.push(message)
    }
    return messages
  }

  private line(line: string): SseMessage | null {
    if (line === '') return this.flush()
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'event') this.event = value
    if (name === 'data') this.data.push(value)
    if (name === 'id') this.lastEventId = value
    return null
  }

  private flush(): SseMessage | null {
    const message =
      this.data.length > 0 ? { event: this.event || 'message', data: this.data.join('\n') } : null
    this.event = ''
    this.data = []
    return message
  }
}

export type LiveState = 'connecting' | 'open' | 'lost' | 'stopped'

export interface LiveOptions {
  url: string
  onMessage(message: SseMessage): void
  onState(state: LiveState): void
  /** The server says that nobody is signed in: no further try. */
  onUnauthorized(): void
}

/** The server sends a heartbeat every 15 s; longer silence means that the line is dead. */
const SILENCE_MS = 40_000
const SHORTEST_WAIT_MS = 800
/** Short: agents wait for this line; with the spread it stays under two seconds. */
const LONGEST_WAIT_MS = 1500

/** Milliseconds before try number `attempt` (0, 1, …): doubling, capped, spread by up to 30 %. */
export function waitBefore(attempt: number, random: number = Math.random()): number {
  const base = Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** attempt)
  return Math.round(base * (1 + 0.3 * random))
}

/** Keeps one connection open until told to stop. Returns the way to stop it. */
export function openLive(options: LiveOptions): () => void {
  const parser = { current: new SseParser() }
  let controller = new AbortController()
  let stopped = false
  const breakOff = () => controller.abort()

  async function run(): Promise<void> {
    let attempt = 0
    options.onState('connecting')
    // The browser knows at once; silence would tell after many seconds only.
    globalThis.addEventListener?.('offline', breakOff)
    while (!stopped) {
      const opened = await connectOnce()
      if (stopped) return
      attempt = opened ? 0 : attempt + 1
      options.onState('lost')
      await pause(waitBefore(attempt))
    }
  }

  /** True when the stream was open for a while, however it ended. */
  async function connectOnce(): Promise<boolean> {
    controller = new AbortController()
    let opened = false
    try {
      const response = await fetch(options.url, request(controller, parser.current.lastEventId))
      if (response.status === 401) return giveUp()
      if (!response.ok || !response.body) return false
      opened = true
      options.onState('open')
      await readAll(response.body)
    } catch {
      // A dropped line; the loop tries again.
    }
    return opened
  }

  async function readAll(body: ReadableStream<Uint8Array>): Promise<void> {
    // A half-read message of the dropped line must not run into the new one's.
    const fresh = new SseParser()
    fresh.lastEventId = parser.current.lastEventId
    parser.current = fresh
    const reader = body.getReader()
    const decoder = new TextDecoder()
    for (;;) {
      const { done, value } = await withinSilence(reader.read())
      if (done) return
      for (const message of fresh.push(decoder.decode(value, { stream: true }))) {
        options.onMessage(message)
      }
    }
  }

  async function withinSilence<T>(promise: Promise<T>): Promise<T> {
    const timer = setTimeout(() => controller.abort(), SILENCE_MS)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
    }
  }

  function giveUp(): boolean {
    stop()
    options.onUnauthorized()
    return false
  }

  function stop(): void {
    stopped = true
    globalThis.removeEventListener?.('offline', breakOff)
    controller.abort()
    options.onState('stopped')
  }

  void run()
  return stop
}

function request(controller: AbortController, lastEventId: string): RequestInit {
  const headers: Record<string, string> = { Accept: 'text/event-stream' }
  if (lastEventId) headers['Last-Event-ID'] = lastEventId
  return { headers, credentials: 'same-origin', signal: controller.signal, cache: 'no-store' }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
