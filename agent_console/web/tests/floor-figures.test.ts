import { describe, expect, it } from 'vitest'

import type { FigureColumn, FigureTable, FigureValue } from '@/api/figures'
import {
  axisTop,
  behind,
  callsBehind,
  columnsOf,
  curvePath,
  figureCards,
  lonePoints,
  lasting,
  rowLabel,
  shown,
} from '@/logic/floor-figures'

function value(number: number | null): FigureValue {
  return { value: number, cell: 'answered', hits: null, of: null, hits_cell: null }
}

function column(code: string, unit: FigureColumn['unit'] = 'count'): FigureColumn {
  return { code, label: code, words: '', unit }
}

function table(by: FigureTable['by'], first = '2026-11-22', last = first): FigureTable {
  const total = { key: 'total', label: '合计', start: null, values: {}, forecast: null }
  return {
    first, last, by, queue: '', agent: '', made_at: '', rule_version: '',
    columns: ['satisfaction', 'answered', 'offered', 'occupancy'].map((code) => column(code)),
    rows: [], total, accuracy: null, notes: [],
  }
}

describe('a figure as people read it', () => {
  it('shows counts, shares and lengths, and nothing where there was nothing', () => {
    expect(shown(column('answered'), value(12))).toBe('12')
    expect(shown(column('connection', 'share'), value(0.9532))).toBe('95.3%')
    expect(shown(column('asa', 'seconds'), value(8.64))).toBe('8.6秒')
    expect(shown(column('asa', 'seconds'), value(null))).toBe('—')
    expect(shown(column('asa', 'seconds'), undefined)).toBe('—')
    expect(lasting(206)).toBe('3:26')
    expect([59.94, 59.96, 89.8].map(lasting)).toEqual(['59.9秒', '1:00', '1:30'])
  })

  it('opens to its calls in the period of the table', () => {
    expect(callsBehind('answered/queue/general', '2026-11-01', '2026-11-22', 'handle_time').query).toEqual({
      figures_cell: 'answered/queue/general',
      figure: 'handle_time',
      from: '2026-11-01',
      to: '2026-11-22',
    })
  })
})

describe('what is behind a number', () => {
  const day = '2026-11-22'
  const share = (hits: number, of: number): FigureValue => ({ value: of ? hits / of : null, cell: 'answered', hits, of, hits_cell: null })

  it('opens a share or mean that is 0 as long as something was counted', () => {
    expect(behind('repeat_rate', share(0, 12), day, day)).toMatchObject({ path: '/calls' })
    expect(behind('repeat_rate', share(0, 0), day, day)).toBeUndefined()
    expect(behind('answered', value(0), day, day)).toBeUndefined()
    expect(behind('answered', value(3), day, day)).toMatchObject({ path: '/calls' })
    const total = { ...table('day').total, values: { offered: value(0), abandon_rate: share(0, 12) } }
    const columns = [column('offered'), column('abandon_rate', 'share')]
    const cards = figureCards({ ...table('day'), columns, total })
    expect(cards.map((card) => !!card.to)).toEqual([false, true])
  })

  it('opens time at the seat to the states it is made of', () => {
    for (const code of ['occupancy', 'utilisation', 'signed']) {
      const to = behind(code, { ...share(1800, 3600), cell: `${code}/of/a1` }, day, day)
      expect(to).toEqual({ path: '/floor-figures/seat-time', query: { cell: `${code}/of/a1`, from: day, to: day } })
    }
  })
})

describe('a curve', () => {
  it('marks what stands alone', () => {
    expect(lonePoints([null, 3, null])).toEqual([1])
    expect(lonePoints([0, null, 2, 3, null, 4])).toEqual([0, 5])
    expect(lonePoints([1, 2])).toEqual([])
    expect(lonePoints([7])).toEqual([0])
  })
})

describe('a table of figures', () => {
  it('shows a group in the order of the group, and all figures of agents', () => {
    expect(columnsOf(table('day'), 'service').map((item) => item.code)).toEqual([
      'offered',
      'answered',
    ])
    expect(columnsOf(table('agent'), 'service')).toHaveLength(4)
  })

  it('names the day of a half hour only when there are several', () => {
    const row = { ...table('day').total, key: '2026-11-22T09:30', label: '09:30' }
    expect(rowLabel(table('half_hour'), row)).toBe('09:30')
    expect(rowLabel(table('half_hour', '2026-11-21', '2026-11-22'), row)).toBe('11-22 09:30')
  })
})

describe('a curve', () => {
  it('is interrupted where a value is missing', () => {
    const path = curvePath([1, 2, null, 3], (index) => index * 10, (number) => number)
    expect(path).toBe('M0.0 1.0L10.0 2.0M30.0 3.0')
  })

  it('ends its axis at a round number above everything', () => {
    expect([0, 3, 29, 118, 996].map((most) => axisTop([most, null]))).toEqual([4, 4, 40, 200, 1000])
  })
})
