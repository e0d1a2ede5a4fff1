import { describe, expect, it } from 'vitest'

import type { FigureValue, FloorNow } from '@/api/figures'
import { wallTiles } from '@/logic/wall'

function share(hits: number, of: number, cell: string): FigureValue {
  return { value: of ? hits / of : null, hits, of, cell, hits_cell: cell.replace('answered', 'in_time') }
}

function count(value: number, cell: string): FigureValue {
  return { value, cell, hits: null, of: null, hits_cell: null }
}

const LATELY = 'answered/from/1763914200/to/1763916001'

function seen(more: Partial<FloorNow> = {}): FloorNow {
  return {
    // Ten past midnight in China.
    at: '2026-11-22T16:10:00Z',
    waiting: 2,
    longest_wait_s: 42,
    talking_calls: 3,
    agents: 4,
    ready: 1,
    talking: 3,
    away: 0,
    states: [],
    offered: count(60, 'offered'),
    answered: count(50, 'answered'),
    abandoned: count(4, 'abandoned'),
    connection: share(50, 60, 'offered-short'),
    service_level: share(45, 50, 'answered'),
    service_seconds: 20,
    target_share: 0.9,
    long_wait_seconds: 90,
    recent_service_level: share(8, 10, LATELY),
    forecast_so_far: null,
    forecast_day: null,
    callbacks_open: 1,
    callbacks_overdue: 0,
    ...more,
  }
}

function tile(code: string, now = seen(), may = (_: string) => true) {
  const found = wallTiles(now, '2026-11-23', may).find((one) => one.code === code)
  if (!found) throw new Error(code)
  return found
}

describe('the wall', () => {
  it('says of each number what it counts, and opens each', () => {
    for (const one of wallTiles(seen(), '2026-11-23', () => true)) {
      expect(one.words, one.code).not.toBe('')
      expect(one.to, one.code).toBeTruthy()
    }
  })

  it('opens both numbers of a share, also over midnight', () => {
    const { to, noteTo } = tile('recent')
    const days = { from: '2026-11-22', to: '2026-11-23' }
    expect(to).toMatchObject({ query: { figures_cell: LATELY, figure: 'service_level', ...days } })
    expect(noteTo).toMatchObject({ query: { figures_cell: LATELY.replace('answered', 'in_time'), ...days } })
    expect(tile('recent', seen({ recent_service_level: share(0, 0, LATELY) })).to).toBeUndefined()
  })

  it('names the seconds of the rules, and judges by the share that is wanted', () => {
    expect(tile('service_level').label).toBe('今日20秒接通率')
    expect(tile('service_level').bad).toBe(false)
    expect(tile('recent').bad).toBe(true)
  })

  it('calls a wait too long from the seconds of the rules on', () => {
    expect([89, 90].map((s) => tile('waiting', seen({ longest_wait_s: s })).bad)).toEqual([false, true])
  })

  it('offers no page that the reader may not see', () => {
    expect(tile('waiting', seen(), () => false).to).toBeUndefined()
    expect(tile('callbacks', seen(), () => false).to).toBeUndefined()
  })
})
