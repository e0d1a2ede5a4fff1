/** Times as people read them. The server speaks UTC; everything shown is Beijing time. */

const ZONE = 'Asia/Shanghai'

const full = new Intl.DateTimeFormat('zh-CN', {
  timeZone: ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})
const withSeconds = new Intl.DateTimeFormat('zh-CN', {
  timeZone: ZONE,
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

type Parts = Record<string, string>

function partsOf(format: Intl.DateTimeFormat, at: Date): Parts {
  return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]))
}

/** 2026-11-22 14:05 */
export function dateTime(iso: string | null | undefined): string {
  if (!iso) return '—'
  const p = partsOf(full, new Date(iso))
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}`
}

/** A limit: the last second of a day is 24:00 of that day, as notices of offices say it. */
export function dueTime(iso: string | null | undefined): string {
  if (!iso) return '—'
  const shown = dateTime(iso)
  return clockTime(iso) === '23:59:59' ? shown.replace('23:59', '24:00') : shown
}

/** 11-22 14:05, for narrow columns. */
export function shortDateTime(iso: string | null | undefined): string {
  return iso ? dateTime(iso).slice(5) : '—'
}

/** 14:05:09 */
export function clockTime(iso: string): string {
  const p = partsOf(withSeconds, new Date(iso))
  return `${p.hour}:${p.minute}:${p.second}`
}

/** The calendar day in Beijing: 2026-11-22. */
export function dayOf(at: Date): string {
  const p = partsOf(full, at)
  return `${p.year}-${p.month}-${p.day}`
}

/** Length as 0:07, 12:30 or 1:02:03. Negative counts as 0. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const tail = `${String(s).padStart(2, '0')}`
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${tail}` : `${m}:${tail}`
}

/** Time left or passed, in words: 还剩2天3小时, 已超3小时20分. */
export function untilWords(due: string | null, now: number): string {
  if (!due) return ''
  const left = new Date(due).getTime() - now
  return `${left >= 0 ? '还剩' : '已超'}${spanWords(Math.abs(left))}`
}

export function spanWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return '不足1分钟'
  const [d, h, m] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60]
  if (d > 0) return h > 0 ? `${d}天${h}小时` : `${d}天`
  if (h > 0) return m > 0 ? `${h}小时${m}分` : `${h}小时`
  return `${m}分钟`
}

export interface Period {
  from: string
  to: string
}

/** Day arithmetic on 2026-11-22 strings, free of zones. */
export function addDays(day: string, count: number): string {
  const [y, m, d] = day.split('-').map(Number) as [number, number, number]
  return new Date(Date.UTC(y, m - 1, d + count)).toISOString().slice(0, 10)
}

export type PeriodName = 'today' | 'week' | 'month' | 'last_month' | 'quarter' | 'year'

/** The named period that holds `today` (or lies before it), both ends included. */
export function period(name: PeriodName, today: string): Period {
  const [y, m] = today.split('-').map(Number) as [number, number]
  const first = (year: number, month: number) =>
    new Date(Date.UTC(year, month - 1, 1)).toISOString().slice(0, 10)
  switch (name) {
    case 'today':
      return { from: today, to: today }
    case 'week':
      return { from: mondayOf(today), to: today }
    case 'month':
      return { from: first(y, m), to: today }
    case 'last_month':
      return { from: first(y, m - 1), to: addDays(first(y, m), -1) }
    case 'quarter':
      return { from: first(y, Math.floor((m - 1) / 3) * 3 + 1), to: today }
    case 'year':
      return { from: first(y, 1), to: today }
  }
}

/** The instant at which a day of Beijing begins. */
export function dayStart(day: string): string {
  return `${day}T00:00:00+08:00`
}

/** The first day of the week that a day is in. */
export function mondayOf(day: string): string {
  const since = (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7
  return addDays(day, -since)
}
