/**
 * The order form while a call runs: what the machine may fill, and what belongs to the agent.
 *
 * Every field has an origin. A field that the agent has touched is never written by the machine
 * again, even when the agent emptied it.
 */

import type { Fact, OrderForm, Understanding } from '@/api/types'

import { isHidden } from './text'

/** agent: typed or confirmed by a person; machine: filled from the talk; line: from the exchange. */
export type Origin = 'agent' | 'machine' | 'line'
export type Origins = Partial<Record<keyof OrderForm, Origin>>

export interface Sheet {
  form: OrderForm
  origins: Origins
}

export function emptyForm(): OrderForm {
  return {
    request_type: '',
    category: '',
    urgency: 'NORMAL',
    title: '',
    content: '',
    demand: '',
    place: '',
    occurred: '',
    caller_name: '',
    caller_phone: '',
    callback_phone: '',
    confidential: false,
    want_reply: true,
    lead_department: '',
  }
}

/** The number as it came; of who hides it there is none to write down. */
export function newSheet(callerNumber = ''): Sheet {
  const number = isHidden(callerNumber) ? '' : callerNumber
  const form = { ...emptyForm(), caller_phone: number }
  return { form, origins: number ? { caller_phone: 'line' } : {} }
}

export const TITLE_MAX = 50

/** A time as a form says it: a span in set words, a moment as it was said. */
export function timeWords(fact: Fact): string {
  return fact.value.startsWith('持续') ? fact.value : fact.text
}

/** What the machine would write into fields that are filled without asking. */
export function proposedFields(
  understanding: Understanding,
  callerNumber: string,
): Partial<Record<keyof OrderForm, string>> {
  const place = first(understanding.facts, 'place')
  const time = first(understanding.facts, 'time')
  const phone = first(understanding.facts, 'phone')
  const demand = first(understanding.facts, 'demand')
  const said = phone ? digits(phone.value || phone.text) : ''
  return withoutEmpty({
    title: understanding.title.slice(0, TITLE_MAX),
    place: place ? place.value || place.text : '',
    occurred: time ? timeWords(time) : '',
    callback_phone: said && said !== digits(callerNumber) ? said : '',
    demand: demand?.text ?? '',
  })
}

/** A new sheet with the machine's proposals in the fields that are still its to fill. */
export function withProposals(
  sheet: Sheet,
  understanding: Understanding,
  options: { callerNumber: string; busyField?: string | null },
): Sheet {
  const form = { ...sheet.form }
  const origins = { ...sheet.origins }
  for (const [name, value] of Object.entries(proposedFields(understanding, options.callerNumber))) {
    const field = name as keyof OrderForm
    // The field with the cursor keeps still: text that moves under the hand is worse than none.
    if (origins[field] === 'agent' || options.busyField === field) continue
    Object.assign(form, { [field]: value })
    origins[field] = 'machine'
  }
  return { form, origins }
}

/** A sheet after a person set a field. Reports keep their informant secret unless said otherwise. */
export function withEdit<K extends keyof OrderForm>(
  sheet: Sheet,
  field: K,
  value: OrderForm[K],
): Sheet {
  const form = { ...sheet.form, [field]: value }
  const origins: Origins = { ...sheet.origins, [field]: 'agent' }
  if (field === 'request_type' && origins.confidential !== 'agent') {
    form.confidential = value === 'REPORT'
    origins.confidential = value === 'REPORT' ? 'machine' : undefined
  }
  return { form, origins }
}

/** The sheet of a second demand in the same call: the caller stays, the rest is new. */
export function nextDemand({ form, origins }: Sheet): Sheet {
  const { caller_name, caller_phone, callback_phone } = form
  return {
    form: { ...emptyForm(), caller_phone, caller_name, callback_phone },
    origins: {
      caller_phone: origins.caller_phone,
      caller_name: origins.caller_name,
      callback_phone: origins.callback_phone,
      // The machine's words are about the first demand.
      title: 'agent',
      place: 'agent',
      occurred: 'agent',
      demand: 'agent',
    },
  }
}

/** Whether a person's work would be lost if the sheet went away. */
export function hasContent(sheet: Sheet): boolean {
  const blank = emptyForm()
  return (Object.keys(blank) as (keyof OrderForm)[]).some(
    (field) => sheet.origins[field] === 'agent' && sheet.form[field] !== blank[field],
  )
}

export type Mode = 'answered' | 'dispatch_queue' | 'dispatch_now' | 'refused'

/** What is missing before the order can be opened: field → sentence. The server checks again. */
export function missing(
  form: OrderForm,
  mode: Mode,
  publicAnswer = '',
): Partial<Record<keyof OrderForm | 'public_answer', string>> {
  const found: Partial<Record<keyof OrderForm | 'public_answer', string>> = {}
  if (!form.request_type) found.request_type = '请选择诉求类型'
  if (!form.category) found.category = '请选择诉求分类'
  if (!form.title.trim()) found.title = '请填写标题'
  if (form.title.trim().length > TITLE_MAX) found.title = `标题不超过${TITLE_MAX}字`
  if (!form.content.trim()) found.content = '请填写诉求内容'
  if (mode !== 'refused' && !form.caller_phone.trim() && !form.callback_phone.trim())
    found.caller_phone = '请填写来电号码或联系电话'
  if (mode.startsWith('dispatch') && !form.lead_department) found.lead_department = '请选择拟派承办单位'
  if (mode === 'answered' && !publicAnswer.trim()) found.public_answer = '请填写答复内容'
  return found
}

/** A draft as it is stored, and back; fields that this version does not know are dropped. */
export function toDraft(sheet: Sheet): Record<string, unknown> {
  return { ...sheet.form, origins: sheet.origins }
}

export function fromDraft(content: Record<string, unknown>, callerNumber = ''): Sheet {
  const blank = newSheet(callerNumber)
  const form = { ...blank.form }
  for (const key of Object.keys(form) as (keyof OrderForm)[]) {
    if (typeof content[key] === typeof form[key]) Object.assign(form, { [key]: content[key] })
  }
  if (isHidden(form.caller_phone)) form.caller_phone = ''
  const known = content.origins
  const origins: Origins =
    known && typeof known === 'object'
      ? { ...(known as Origins) }
      : // A draft without origins: whatever is filled in belongs to the agent.
        Object.fromEntries(
          (Object.keys(form) as (keyof OrderForm)[])
            .filter((key) => form[key] !== emptyForm()[key])
            .map((key) => [key, 'agent']),
        )
  return { form, origins }
}

function first(facts: Fact[], kind: string): Fact | undefined {
  return facts.find((fact) => fact.kind === kind)
}

function digits(text: string): string {
  return text.replace(/[^\d+]/g, '')
}

function withoutEmpty<T extends Record<string, string>>(fields: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value.trim()),
  ) as Partial<T>
}

const TEXTS: [keyof OrderForm, string][] = [
  ['title', '标题'],
  ['place', '发生地点'],
  ['occurred', '发生时间'],
  ['caller_name', '诉求人'],
  ['caller_phone', '来电号码'],
  ['callback_phone', '联系电话'],
  ['content', '诉求内容'],
  ['demand', '明确诉求'],
]

/** What was written, to be pasted elsewhere; fields that are empty are left out. */
export function asText(form: OrderForm, answer = ''): string {
  const written = TEXTS.map(([field, label]) => [label, String(form[field])] as const)
  return [...written, ['答复内容', answer] as const]
    .filter(([, text]) => text.trim())
    .map(([label, text]) => `${label}：${text.trim()}`)
    .join('\n')
}
