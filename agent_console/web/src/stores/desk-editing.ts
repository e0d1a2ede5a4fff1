/** Writing the form in hand: by keyboard, by a click on spoken words, facts or candidates. */

import { nextTick, ref, type Ref } from 'vue'

import type { ArticleCard } from '@/api/knowledge'
import type { Candidate, Fact, OrderForm } from '@/api/types'
import { timeWords, withEdit, type Sheet } from '@/logic/form'
import { withArticle } from '@/logic/knowledge'
import { insertAt, type Cursor } from '@/logic/text'
import { wordsOf, type Spoken } from '@/logic/transcript'

export type TextField =
  | 'title'
  | 'place'
  | 'occurred'
  | 'caller_name'
  | 'caller_phone'
  | 'callback_phone'
  | 'content'
  | 'demand'
  | 'public_answer'

/** Where a fact of a kind belongs. */
const FIELD_OF_FACT: Record<string, TextField> = {
  place: 'place',
  time: 'occurred',
  phone: 'callback_phone',
  person: 'caller_name',
  demand: 'demand',
}

export interface EditingSource {
  sheet: Ref<Sheet>
  publicAnswer: Ref<string>
  utterances: Ref<Spoken[]>
  /** The form is somebody else's: nothing is written. */
  readOnly: Ref<boolean>
  /** Something was written. */
  changed(): void
  clearFault(field: string): void
}

export function useEditing(source: EditingSource) {
  const { sheet, publicAnswer, utterances, readOnly, changed, clearFault } = source
  /** Where the cursor last was. */
  const focus = ref<{ field: TextField; cursor: Cursor | null } | null>(null)
  /** Where it is now. */
  const fieldInUse = ref<TextField | null>(null)

  function edit<K extends keyof OrderForm>(field: K, value: OrderForm[K]): void {
    if (readOnly.value) return
    if (sheet.value.form[field] === value && sheet.value.origins[field] === 'agent') return
    sheet.value = withEdit(sheet.value, field, value)
    clearFault(field)
    changed()
  }

  function editAnswer(text: string): void {
    if (readOnly.value) return
    publicAnswer.value = text
    changed()
  }

  /** How often an article was put into the answer: the form then shows the answer. */
  const inserted = ref(0)

  function insertArticle(card: ArticleCard): void {
    if (readOnly.value) return
    editAnswer(withArticle(publicAnswer.value, card))
    clearFault('public_answer')
    inserted.value += 1
  }

  function write(field: TextField, text: string): void {
    if (field === 'public_answer') editAnswer(text)
    else edit(field, text)
  }

  function accept(field: 'request_type' | 'category' | 'lead_department', item: Candidate): void {
    edit(field, item.code)
  }

  /** Puts spoken words where the cursor last was; into the content when it was nowhere. */
  function insert(text: string): void {
    const field = focus.value?.field ?? 'content'
    const value = field === 'public_answer' ? publicAnswer.value : sheet.value.form[field]
    const placed = insertAt(value, text, focus.value?.cursor ?? null)
    write(field, placed.value)
    focus.value = { field, cursor: { start: placed.caret, end: placed.caret } }
    void nextTick(() => showCursor(field, placed.caret))
  }

  function useFact(fact: Fact): void {
    const field = FIELD_OF_FACT[fact.kind]
    if (!field) insert(fact.value || fact.text)
    else if (fact.kind === 'time') write(field, timeWords(fact))
    else write(field, fact.kind === 'demand' ? fact.text : fact.value)
  }

  function showCursor(field: TextField, caret: number): void {
    const selector = `[data-field="${field}"] input, [data-field="${field}"] textarea`
    const element = document.querySelector<HTMLInputElement | HTMLTextAreaElement>(selector)
    element?.focus()
    element?.setSelectionRange(caret, caret)
  }

  /** The citizen's own words as the content's beginning. */
  function takeWords(): void {
    addToContent(wordsOf(utterances.value, 'CALLER'))
  }

  /** After what the content already says. */
  function addToContent(words: string): void {
    if (!words) return
    const present = sheet.value.form.content.trim()
    edit('content', present ? `${present}\n${words}` : words)
  }

  return {
    ...{ focus, fieldInUse, edit, editAnswer, inserted, insertArticle, accept, insert },
    ...{ useFact, takeWords, addToContent },
  }
}
