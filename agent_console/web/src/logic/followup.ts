/** The follow-up desk's questions. */

import type { ReadyFile } from './fields'

export interface FollowUpFields {
  call_id: string
  /** From which telephone and when, where the call was not placed through the house. */
  evidence: string
  files: ReadyFile[]
  reached: boolean | null
  contacted: boolean | null
  solved: string
  satisfaction: string
  service_satisfaction: string
  note: string
  redo: boolean
  /** Why it is to be done again (RedoReason). */
  redo_code: string
  redo_reason: string
  verification: string
}

/** Fewer characters do not say what is untrue and how that was found. */
export const FINDING_MIN = 10

export function newFollowUp(): FollowUpFields {
  return {
    call_id: '',
    evidence: '',
    files: [],
    reached: null,
    contacted: null,
    solved: '',
    satisfaction: '',
    service_satisfaction: '',
    note: '',
    redo: false,
    redo_code: '',
    redo_reason: '',
    verification: '',
  }
}

/** What is still to be asked. */
export function followUpGaps(fields: FollowUpFields): string[] {
  if (fields.reached === null) return ['是否接通']
  const shown = fields.call_id || fields.evidence.trim() || fields.files.length
  const asked = fields.reached ? answerGaps(fields) : []
  return [...asked, shown ? '' : '回访凭据'].filter((gap) => gap)
}

function answerGaps(fields: FollowUpFields): string[] {
  return [
    fields.contacted === null ? '单位是否联系' : '',
    fields.solved ? '' : '是否解决',
    fields.satisfaction ? '' : '对结果是否满意',
    ...(fields.redo ? redoGaps(fields) : []),
  ]
}

function redoGaps(fields: FollowUpFields): string[] {
  const untrue = fields.redo_code === 'UNTRUE'
  return [
    mayAsk(fields) ? '' : '重办事由',
    fields.redo_reason.trim() ? '' : '重办原因',
    untrue && fields.verification.trim().length < FINDING_MIN ? `核实情况（至少${FINDING_MIN}字）` : '',
  ]
}

/** A citizen whose demand is unsolved and who is dissatisfied may have it done again. */
export function mayAskRedo(fields: FollowUpFields): boolean {
  const unhappy = ['DISSATISFIED', 'VERY_DISSATISFIED'].includes(fields.satisfaction)
  return fields.solved === 'UNSOLVED' && unhappy
}

/** What is untrue is done again, however content the citizen is. */
function mayAsk(fields: FollowUpFields): boolean {
  return fields.redo_code === 'UNTRUE' || (fields.redo_code === 'UNSOLVED' && mayAskRedo(fields))
}

/** What is sent: answers only of a citizen who was reached. */
export function followUpBody(fields: FollowUpFields): Record<string, unknown> {
  const base = {
    reached: fields.reached === true,
    note: fields.note,
    call_id: fields.call_id || null,
    evidence: fields.evidence.trim(),
    files: fields.files.map((file) => file.id),
  }
  if (!fields.reached) return base
  return {
    ...base,
    contacted: fields.contacted,
    solved: fields.solved || null,
    satisfaction: fields.satisfaction || null,
    service_satisfaction: fields.service_satisfaction || null,
    ...(fields.redo && mayAsk(fields) ? redoBody(fields) : { redo: false }),
  }
}

function redoBody(fields: FollowUpFields): Record<string, unknown> {
  const verification = fields.redo_code === 'UNTRUE' ? fields.verification : ''
  return { redo: true, redo_code: fields.redo_code, redo_reason: fields.redo_reason, verification }
}
