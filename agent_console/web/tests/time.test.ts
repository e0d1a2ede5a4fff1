import { describe, expect, it } from 'vitest'

import { interval, percent, sample } from '@/logic/figures'
import { learnServerTime, serverNow } from '@/logic/clock'
import { addDays, dateTime, dayOf, dueTime, duration, period, untilWords } from '@/logic/time'

describe('times', () => {
  it('are shown in Beijing, whatever the desk computer says', () => {
    expect(dateTime('2026-11-22T16:30:00Z')).toBe('2026-11-23 00:30')
    expect(dayOf(new Date('2026-11-22T16:30:00Z'))).toBe('2026-11-23')
    expect(dateTime(null)).toBe('—')
  })

  it('call the last second of a day 24:00 when it is a limit', () => {
    expect(dueTime('2026-11-24T15:59:59.999Z')).toBe('2026-11-24 24:00')
    expect(dueTime('2026-11-24T15:58:59Z')).toBe('2026-11-24 23:58')
    expect(dueTime(null)).toBe('—')
  })

  it('count up in minutes and hours', () => {
    expect([7, 750, 3723, -4].map(duration)).toEqual(['0:07', '12:30', '1:02:03', '0:00'])
  })

  it('say how long is left or how much too late it is', () => {
    const now = Date.parse('2026-11-22T00:00:00Z')
    expect(untilWords('2026-11-24T03:00:00Z', now)).toBe('还剩2天3小时')
    expect(untilWords('2026-11-21T20:40:00Z', now)).toBe('已超3小时20分')
    expect(untilWords('2026-11-22T00:00:30Z', now)).toBe('还剩不足1分钟')
    expect(untilWords(null, now)).toBe('')
  })

  it("follow the server's clock when the desk computer's is wrong", () => {
    learnServerTime('Sun, 22 Nov 2026 00:10:00 GMT', Date.parse('2026-11-22T00:00:00Z'))
    expect(serverNow() - Date.now()).toBeGreaterThan(9 * 60_000)
    learnServerTime('Sun, 22 Nov 2026 00:00:01 GMT', Date.parse('2026-11-22T00:00:00Z'))
    expect(Math.abs(serverNow() - Date.now())).toBeLessThan(50)
    learnServerTime(null)
    expect(Math.abs(serverNow() - Date.now())).toBeLessThan(50)
  })
})

describe('periods', () => {
  it('begin on Monday, on the first, in January', () => {
    const today = '2026-11-22' // a Sunday
    expect(period('week', today)).toEqual({ from: '2026-11-16', to: today })
    expect(period('month', today)).toEqual({ from: '2026-11-01', to: today })
    expect(period('quarter', today)).toEqual({ from: '2026-10-01', to: today })
    expect(period('year', today)).toEqual({ from: '2026-01-01', to: today })
  })

  it('reach over the new year', () => {
    expect(period('last_month', '2027-01-05')).toEqual({ from: '2026-12-01', to: '2026-12-31' })
    expect(addDays('2026-03-01', -1)).toBe('2026-02-28')
  })
})

describe('figures of the report', () => {
  const share = {
    value: 0.846,
    hits: 9.4,
    of: 13,
    low: 0.578,
    high: 0.957,
    cell: '',
    hits_cell: '',
    misses_cell: '',
  }

  it('show rate, sample and interval', () => {
    expect([percent(share.value), sample(share), interval(share)]).toEqual([
      '84.6%',
      '9.4/13',
      '57.8–95.7%',
    ])
  })

  it('show a dash where nothing was counted', () => {
    expect(percent(null)).toBe('—')
    expect(interval({ ...share, low: null, high: null })).toBe('')
  })
})
