/** The wall's large numbers: what each counts, in words, and where what it counts is shown. */

import type { FigureValue, FloorNow } from '@/api/figures'

import { type FigureCard, percent } from './figures'
import { levelGrade } from './floor'
import { callsBehind, hitsBehind } from './floor-figures'
import { dayOf, duration } from './time'

export interface Tile extends FigureCard {
  bad?: boolean
}

const RECENT_MS = 30 * 60_000

/** `may`: whether the reader has a permission; what may not be seen is not offered. */
export function wallTiles(seen: FloorNow, today: string, may: (permission: string) => boolean): Tile[] {
  const soon = seen.service_seconds
  const floor = may('call.floor') ? '/floor' : undefined
  return [
    {
      code: 'waiting',
      label: '正在排队',
      words: '正在排队等候的市民，含排队时使用自助服务的；不含坐席话机已振铃和已预约回拨的。与话务现场一致',
      value: String(seen.waiting),
      note: seen.longest_wait_s === null ? '无人等候' : `最长 ${duration(seen.longest_wait_s)}`,
      to: floor,
      bad: (seen.longest_wait_s ?? 0) >= seen.long_wait_seconds,
    },
    {
      code: 'talking',
      label: '正在通话',
      words: '坐席正在接待的市民来电，含保持、咨询和三方通话；不含振铃和外呼',
      value: String(seen.talking_calls),
      note: `示闲 ${seen.ready} 席 · 离席 ${seen.away} 席`,
      to: floor,
    },
    {
      code: 'agents',
      label: '签入坐席',
      words: '已签入的坐席，不论状态',
      value: String(seen.agents),
      note: stateNote(seen),
      to: floor,
    },
    ...ofToday(seen, today),
    share('service_level', `今日${soon}秒接通率`, levelWords(soon), seen.service_level, seen, today),
    recent(seen, today),
    {
      code: 'callbacks',
      label: '待回拨',
      words: '尚未了结的回拨任务，含往日的',
      value: String(seen.callbacks_open),
      note: seen.callbacks_overdue ? `超时 ${seen.callbacks_overdue}` : '无超时',
      to: may('floor.callback') ? '/callbacks' : undefined,
      bad: seen.callbacks_overdue > 0,
    },
  ]
}

function ofToday(seen: FloorNow, today: string): Tile[] {
  const forecast = seen.forecast_so_far
  const counted = (code: 'offered' | 'answered') =>
    seen[code].cell ? callsBehind(seen[code].cell ?? '', today, today, code) : undefined
  return [
    {
      code: 'offered',
      label: '今日呼入',
      words: '今日零时以来的市民来电，不含名单拦截',
      value: String(seen.offered.value ?? 0),
      note: forecast === null ? '历史不足，暂无预计' : `至此刻预计 ${Math.round(forecast)}`,
      to: counted('offered'),
    },
    {
      code: 'answered',
      label: '今日接听',
      words: '今日来电中由坐席接听的；放弃为接听前自行挂断的',
      value: String(seen.answered.value ?? 0),
      note: `放弃 ${seen.abandoned.value ?? 0}`,
      to: counted('answered'),
      noteTo: seen.abandoned.value
        ? callsBehind(seen.abandoned.cell ?? '', today, today, 'abandoned')
        : undefined,
    },
    share('connection', '今日接通率', '接听量÷（呼入量－速挂）', seen.connection, seen, today),
  ]
}

function levelWords(soon: number): string {
  return `进入排队后${soon}秒内接听的来电数÷接听量`
}

/** Just after midnight its calls began yesterday. */
function recent(seen: FloorNow, today: string): Tile {
  const soon = seen.service_seconds
  const words = `近30分钟内打进的来电：${levelWords(soon)}`
  const first = dayOf(new Date(Date.parse(seen.at) - RECENT_MS))
  const found = seen.recent_service_level
  return share('recent', `近30分钟${soon}秒接通率`, words, found, seen, today, first)
}

function share(
  code: string,
  label: string,
  words: string,
  found: FigureValue,
  seen: FloorNow,
  today: string,
  first = today,
): Tile {
  const column = code === 'recent' ? 'service_level' : code
  return {
    code,
    label,
    words,
    value: percent(found.value),
    note: found.of ? `${found.hits}/${found.of}` : '尚无样本',
    to: found.cell && found.of ? callsBehind(found.cell, first, today, column) : undefined,
    noteTo: hitsBehind(found, first, today),
    bad: levelGrade(found.value, seen.target_share) === 'bad',
  }
}

function stateNote(seen: FloorNow): string {
  const states = seen.states.slice(0, 3).map((item) => `${item.label}${item.count}`)
  return states.join(' · ') || '无人签入'
}
