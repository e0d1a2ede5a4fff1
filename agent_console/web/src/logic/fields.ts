/** A form that the server describes: its blank values, what is still missing, and what is sent. */

import type { Department, FormField } from '@/api/types'

/** A file that lies ready at the server. */
export interface ReadyFile {
  id: string
  name: string
}

export type FieldValue = string | number | boolean | string[] | ReadyFile[] | null | undefined
export type FieldValues = Record<string, FieldValue>

export function blankOf(form: FormField[]): FieldValues {
  return Object.fromEntries(form.map((field) => [field.name, field.default ?? emptyOf(field)]))
}

function emptyOf(field: FormField): FieldValue {
  switch (field.kind) {
    case 'switch':
      return false
    case 'units':
    case 'choices':
    case 'files':
      return []
    case 'choice':
    case 'call':
    case 'number':
      return undefined
    default:
      return ''
  }
}

/** The units that handle demands (the root is the hotline itself), but for those that the field rules
 * out. */
export function unitsFor(all: Department[], field?: FormField): Department[] {
  const only = new Set(field?.options.map((option) => option.value))
  return all.filter(
    (unit) =>
      unit.parent !== null &&
      (!only.size || only.has(unit.code)) &&
      !field?.without.includes(unit.code),
  )
}

/** Labels of what must be filled in and is not. */
export function gapsOf(form: FormField[], values: FieldValues): string[] {
  return form.filter((field) => !complete(field, values[field.name])).map((field) => field.label)
}

function complete(field: FormField, value: FieldValue): boolean {
  if (isEmpty(value)) return !field.required
  if (typeof value === 'string') return value.trim().length >= field.least
  return true
}

/** What was left empty is not sent: the server has its own idea of it. */
export function bodyOf(form: FormField[], values: FieldValues): Record<string, unknown> {
  const filled = form.filter((field) => !isEmpty(values[field.name]))
  return Object.fromEntries(filled.map((field) => [field.name, sent(values[field.name])]))
}

/** Of files the server is told their ids. */
function sent(value: FieldValue): unknown {
  if (!Array.isArray(value)) return value
  return value.map((one) => (typeof one === 'string' ? one : one.id))
}

function isEmpty(value: FieldValue): boolean {
  if (Array.isArray(value)) return value.length === 0
  return value === undefined || value === null || (typeof value === 'string' && !value.trim())
}
