/** What the connection to the exchange tells of its sound. */

import { describe, expect, it } from 'vitest'

import { isUsableHost, soundOf } from '@/logic/ice'

describe('sound on its way', () => {
  it('is lost when the other end no longer answers, and there when it does', () => {
    expect(['disconnected', 'failed'].map((state) => soundOf(state as RTCIceConnectionState))).toEqual([
      'lost',
      'lost',
    ])
    expect(['connected', 'completed'].map((state) => soundOf(state as RTCIceConnectionState))).toEqual([
      'there',
      'there',
    ])
  })

  it('is not known while the way is sought, or after the call', () => {
    for (const state of ['new', 'checking', 'closed'] as const) expect(soundOf(state)).toBeNull()
  })
})

describe('a candidate', () => {
  it('is good enough with a real address of this machine', () => {
    const host = 'candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host generation 0'
    expect(isUsableHost(host)).toBe(true)
    expect(isUsableHost(host.replace('192.0.2.7', '5f1c.local'))).toBe(false)
    expect(isUsableHost(host.replace('udp', 'tcp'))).toBe(false)
    expect(isUsableHost(host.replace('typ host', 'typ srflx'))).toBe(false)
  })
})
