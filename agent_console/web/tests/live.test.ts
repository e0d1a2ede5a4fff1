import { describe, expect, it } from 'vitest'

import { SseParser, waitBefore } from '@/live/sse'

describe('reading the live line', () => {
  it('gives messages however the text was cut on its way', () => {
    const text = 'id: 1-7\nevent: CallRinging\ndata: {"a":1}\n\n'
    for (let cut = 0; cut < text.length; cut++) {
      const parser = new SseParser()
      const messages = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]
      expect(messages).toEqual([{ event: 'CallRinging', data: '{"a":1}' }])
      expect(parser.lastEventId).toBe('1-7')
    }
  })

  it('remembers the id of a heartbeat, which has no data', () => {
    const parser = new SseParser()
    expect(parser.push(': heartbeat\nid: 1-9\n\n')).toEqual([])
    expect(parser.lastEventId).toBe('1-9')
  })

  it('keeps the last id when interim events carry none', () => {
    const parser = new SseParser()
    parser.push('id: 1-3\ndata: x\n\nevent: UtteranceHeard\ndata: y\n\n')
    expect(parser.lastEventId).toBe('1-3')
  })

  it('joins data of several lines and takes both line ends', () => {
    expect(new SseParser().push('data: a\r\ndata: b\r\n\r\n')).toEqual([
      { event: 'message', data: 'a\nb' },
    ])
  })
})

describe('trying again', () => {
  it('waits a little longer at first, never over two seconds, nor all browsers at once', () => {
    expect(waitBefore(0, 0)).toBe(800)
    expect(waitBefore(1, 0)).toBe(1500)
    expect(waitBefore(20, 1)).toBeLessThan(2000)
    expect(waitBefore(0, 1)).toBeGreaterThan(waitBefore(0, 0))
  })
})
