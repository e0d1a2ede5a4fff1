/** The follow-up desk's questions. */

export interface FollowUpFields {
  call_id: string
  reached: boolean | null
  contacted: boolean | null
  solved: string
  satisfaction: string
  service_satisfaction: string
  note: string
  redo: boolean
  redo_reason: string
}

export function newFollowUp(): FollowUpFields {
  return {
    call_id: '',
    reached: null,
    contacted: null,
    solved: '',
    satisfaction: '',
    service_satisfaction: '',
    note: '',
    redo: false,
    redo_reason: '',
  }
}

/** What is still to be asked. */
export function followUpGaps(fields: FollowUpFields): string[] {
  if (fields.reached === null) return ['是否接通']
  if (!fields.reached) return []
  return [
    fields.contacted === null ? '单位是否联系' : '',
    fields.solved ? '' : '是否解决',
    fields.satisfaction ? '' : '对结果是否满意',
    fields.redo && mayAskRedo(fields) && !fields.redo_reason.trim() ? '重办原因' : '',
  ].filter((gap) => gap)
}

/** A citizen whose demand is unsolved and who is dissatisfied may have it done again. */
export function mayAskRedo(fields: FollowUpFields): boolean {
  const unhappy = ['DISSATISFIED', 'VERY_DISSATISFIED'].includes(fields.satisfaction)
  return fields.solved === 'UNSOLVED' && unhappy
}

/** What is sent: answers only of a citizen who was reached. */
export function followUpBody(fields: FollowUpFields): Record<string, unknown> {
  const base = { reached: fields.reached === true, note: fields.note, call_id: fields.call_id || null }
  if (!fields.reached) return base
  const redo = fields.redo && mayAskRedo(fields)
  return {
    ...base,
    contacted: fields.contacted,
    solved: fields.solved || null,
    satisfaction: fields.satisfaction || null,
    service_satisfaction: fields.service_satisfaction || null,
    redo,
    redo_reason: redo ? fields.redo_reason : '',
  }
}
