/** Figures of the call floor as people read them, and where a number's calls are listed. */

import type { FigureColumn, FigureRow, FigureTable, FigureValue } from '@/api/figures'

import { serverNow } from './clock'
import { percent, type FigureCard } from './figures'
import { dayOf, duration } from './time'

export function shown(column: FigureColumn, value: FigureValue | undefined): string {
  if (!value || value.value === null) return '—'
  if (column.unit === 'share') return percent(value.value)
  if (column.unit === 'seconds') return lasting(value.value)
  return String(value.value)
}

/** Under a minute in seconds with one decimal, else as a clock. */
export function lasting(seconds: number): string {
  const tenths = seconds.toFixed(1)
  return Number(tenths) < 60 ? `${tenths}秒` : duration(Math.round(seconds))
}

/** Made of states of the ledger, not of calls. */
const OF_TIME = new Set(['occupancy', 'utilisation', 'signed'])

/** Where that is listed of which a number is made; nothing where there is nothing. A share or mean
 * that is 0 was counted from something all the same. */
export function behind(code: string, found: FigureValue | undefined, first: string, last: string) {
  if (!found?.cell || !(found.of ?? found.value)) return undefined
  if (!OF_TIME.has(code)) return callsBehind(found.cell, first, last, code)
  return { path: '/floor-figures/seat-time', query: { cell: found.cell, from: first, to: last } }
}

/** Where the calls behind a number are listed; `figure`: the column it stands in. */
export function callsBehind(cell: string, first: string, last: string, figure: string) {
  return { path: '/calls', query: { figures_cell: cell, figure, from: first, to: last } }
}

/** The same for a number of the floor's page, which is of today. */
export function callsOfToday(cell: string, figure: string) {
  const today = dayOf(new Date(serverNow()))
  return callsBehind(cell, today, today, figure)
}

/** Where those calls are listed of which a number is the share; nothing where there are none. */
export function hitsBehind(found: FigureValue, first: string, last: string) {
  const cell = found.hits_cell
  return cell && found.hits ? callsBehind(cell, first, last, cell.split('/')[0] ?? '') : undefined
}

/** A table has more figures than fit side by side: they are shown in groups. */
export const FIGURE_GROUPS: { code: string; label: string; figures: string[] }[] = [
  {
    code: 'service',
    label: '接通与等候',
    figures: [
      'offered', 'answered', 'connection', 'connection_all', 'service_level',
      'service_level_offered', 'abandon_rate', 'asa', 'longest_wait', 'abandon_time',
    ],
  },
  {
    code: 'volume',
    label: '话务量',
    figures: [
      'offered', 'answered', 'abandoned', 'abandoned_greeting', 'abandoned_queue',
      'abandoned_ringing', 'short', 'self_served', 'booked', 'voicemail', 'failed', 'running',
      'blocked',
    ],
  },
  {
    code: 'handling',
    label: '处理与坐席',
    figures: [
      'answered', 'handle_time', 'talk_time', 'hold_time', 'wrap_time', 'transferred',
      'transfer_rate', 'again', 'repeat_rate', 'missed', 'occupancy', 'utilisation', 'signed',
    ],
  },
  {
    code: 'quality',
    label: '评价与回拨',
    figures: [
      'answered', 'asked', 'rated', 'rated_share', 'satisfaction', 'callbacks', 'callback_rate',
    ],
  },
]

export function columnsOf(table: FigureTable, group: string): FigureColumn[] {
  // Agents have so few figures that they fit side by side.
  if (table.by === 'agent') return table.columns
  const wanted = FIGURE_GROUPS.find((item) => item.code === group)?.figures ?? []
  const known = new Map(table.columns.map((column) => [column.code, column]))
  return wanted.flatMap((code) => known.get(code) ?? [])
}

/** Half hours of several days carry their day. */
export function rowLabel(table: FigureTable, row: FigureRow): string {
  const several = table.first !== table.last && table.by === 'half_hour'
  return several ? `${row.key.slice(5, 10)} ${row.label}` : row.label
}

export interface CurvePoint {
  label: string
  offered: number | null
  answered: number | null
  forecast: number | null
}

/** An SVG path through the known values; a gap where one is missing. */
export function curvePath(
  values: (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let drawing = false
  return values
    .map((value, index) => {
      if (value === null) {
        drawing = false
        return ''
      }
      const step = `${drawing ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`
      drawing = true
      return step
    })
    .join('')
}

/** Where a value stands alone: no line leads there or on, so a dot is drawn. */
export function lonePoints(values: (number | null)[]): number[] {
  const there = (index: number) => values[index] !== null && values[index] !== undefined
  return values.flatMap((_, index) =>
    there(index) && !there(index - 1) && !there(index + 1) ? [index] : [],
  )
}

/** A round number at or above the greatest value, for the axis. */
export function axisTop(values: (number | null)[]): number {
  const most = Math.max(4, ...values.map((value) => value ?? 0))
  const unit = 10 ** Math.floor(Math.log10(most))
  const step = [1, 2, 4, 5, 8, 10].find((factor) => factor * unit >= most) ?? 10
  return step * unit
}

const CARDS = [
  'offered', 'answered', 'connection', 'service_level', 'abandon_rate', 'asa', 'handle_time',
  'occupancy', 'satisfaction', 'callback_rate',
]

/** The large numbers above a table. */
export function figureCards(table: FigureTable): FigureCard[] {
  return CARDS.flatMap((code) => {
    const column = table.columns.find((item) => item.code === code)
    const found = table.total.values[code]
    if (!column || !found) return []
    const { label, words } = column
    return [
      {
        code,
        label,
        words,
        value: shown(column, found),
        note: sampleOf(column, found),
        to: behind(code, found, table.first, table.last),
        noteTo: hitsBehind(found, table.first, table.last),
      },
    ]
  })
}

/** What a share was counted from: 57/60. */
export function sampleOf(column: FigureColumn, found: FigureValue | undefined): string {
  if (column.unit !== 'share' || !found?.of || OF_TIME.has(column.code)) return ''
  return `${Math.round(found.hits ?? 0)}/${Math.round(found.of)}`
}
