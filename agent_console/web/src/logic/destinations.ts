/** Whom a call may be passed to, as one list that can be searched. */

import type { Destination, FloorQueue, PhoneBook } from '@/api/floor-types'

export interface Choice {
  key: string
  kind: 'queue' | 'agent' | 'expert' | 'emergency' | 'number'
  title: string
  /** What is said beside the name. */
  remark: string
  to: Destination
  /** Why it cannot be chosen now. */
  against: string
  /** What the search looks at. */
  words: string
}

interface Sources {
  book: PhoneBook | null
  queues: FloorQueue[]
  ownId: string
  stateLabel(code: string): string
  groupName(code: string): string
  departmentName(code: string): string
}

const FREE_FIRST = ['READY', 'WRAP_UP', 'BUSY']

export function choices(purpose: 'consult' | 'transfer', from: Sources): Choice[] {
  const queues = purpose === 'transfer' ? from.queues.map(queueChoice) : []
  return [
    ...queues,
    ...colleagues(from),
    ...(from.book?.experts ?? []).map((expert) => {
      const unit = from.departmentName(expert.department)
      return {
        key: `expert-${expert.code}`,
        kind: 'expert' as const,
        title: `${unit} ${expert.name}`,
        remark: expert.number,
        to: { expert: expert.code },
        against: '',
        words: `${unit}${expert.name}${expert.number}`,
      }
    }),
    ...(from.book?.emergency ?? []).map((service) => ({
      key: `emergency-${service.code}`,
      kind: 'emergency' as const,
      title: service.number === service.name ? service.number : `${service.number} ${service.name}`,
      remark: '紧急联动',
      to: { emergency: service.code },
      against: '',
      words: `${service.number}${service.name}`,
    })),
  ]
}

function queueChoice(queue: FloorQueue): Choice {
  const wait = queue.waiting ? `排队 ${queue.waiting} 人` : '无人排队'
  return {
    key: `queue-${queue.code}`,
    kind: 'queue',
    title: queue.name,
    remark: `${wait}，${queue.ready_agents} 名坐席示闲`,
    to: { queue: queue.code },
    against: '',
    words: `${queue.name}${queue.code}`,
  }
}

function colleagues(from: Sources): Choice[] {
  const rank = (state: string) => {
    const at = FREE_FIRST.indexOf(state)
    return at < 0 ? FREE_FIRST.length : at
  }
  return (from.book?.colleagues ?? [])
    .filter((person) => person.agent_id !== from.ownId && person.state !== 'OFFLINE')
    .sort((a, b) => rank(a.state) - rank(b.state) || a.name.localeCompare(b.name, 'zh-CN'))
    .map((person) => ({
      key: `agent-${person.agent_id}`,
      kind: 'agent' as const,
      title: `${person.name}（${person.extension}）`,
      remark: [from.stateLabel(person.state), ...person.groups.map(from.groupName)].join(' · '),
      to: { agent_id: person.agent_id },
      against: engaged(person.state) ? '正在通话' : '',
      words: `${person.name}${person.extension}${person.groups.map(from.groupName).join('')}`,
    }))
}

function engaged(state: string): boolean {
  return ['RINGING', 'TALKING', 'HOLD', 'CONSULT', 'CONFERENCE', 'OUTBOUND'].includes(state)
}

/** Those that fit what was typed; a typed number may be rung itself. */
export function found(all: readonly Choice[], typed: string): Choice[] {
  const text = typed.trim().toLowerCase()
  if (!text) return [...all]
  const fitting = all.filter((choice) => choice.words.toLowerCase().includes(text))
  const number = text.replace(/[\s-]/g, '')
  const exact = all.some((choice) => choice.kind === 'emergency' && choice.words.startsWith(number))
  if (!/^\+?\d{3,15}$/.test(number) || exact) return fitting
  return [
    ...fitting,
    {
      key: `number-${number}`,
      kind: 'number',
      title: number,
      remark: '拨打这个号码',
      to: { number },
      against: '',
      words: number,
    },
  ]
}
