/** Two people's work in one order form, put together: nothing that was typed is lost. */

import { emptyForm, fromDraft, toDraft, type Sheet } from './form'

export type Content = Record<string, unknown>
type Field = keyof Sheet['form']

/** The form of both. `ours`: it says more, or something else, than what is stored. */
export interface Joined {
  content: Content
  ours: boolean
}

/**
 * What is stored, with what was typed here since: own words stay in their fields, every other field
 * takes the stored value.
 *
 * @param base what the form here began with, as it was stored then; null: with an empty form.
 */
export function joined(mine: Content, stored: Content, base: Content | null): Joined {
  const [here, there, began] = [fromDraft(mine), fromDraft(stored), fromDraft(base ?? {})]
  const result: Sheet = { form: { ...there.form }, origins: { ...there.origins } }
  let ours = false
  for (const field of Object.keys(emptyForm()) as Field[]) {
    if (!typed(here, began, field) && !untouched(there, field)) continue
    ours ||= here.form[field] !== there.form[field]
    Object.assign(result.form, { [field]: here.form[field] })
    result.origins[field] = here.origins[field]
  }
  const answer = answerOf(mine) === answerOf(base) ? answerOf(stored) : answerOf(mine)
  ours ||= answer !== answerOf(stored)
  return { content: { ...toDraft(result), public_answer: answer }, ours }
}

/** A person wrote it here since the form was read. */
function typed(here: Sheet, began: Sheet, field: Field): boolean {
  if (here.origins[field] !== 'agent') return false
  return began.origins[field] !== 'agent' || began.form[field] !== here.form[field]
}

/** Nobody and nothing has filled it in. */
function untouched(there: Sheet, field: Field): boolean {
  return there.origins[field] !== 'agent' && there.form[field] === emptyForm()[field]
}

function answerOf(content: Content | null): string {
  return String(content?.public_answer ?? '')
}
