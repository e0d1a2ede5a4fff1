import { describe, expect, it } from 'vitest'

import type { Department, FormField } from '@/api/types'
import { blankOf, bodyOf, gapsOf, unitsFor } from '@/logic/fields'

function field(name: string, changes: Partial<FormField> = {}): FormField {
  return {
    name,
    label: name,
    kind: 'words',
    required: true,
    options: [],
    default: null,
    least: 0,
    most: null,
    without: [],
    hint: '',
    ...changes,
  }
}

const FORM = [
  field('granted', { kind: 'choice' }),
  field('reason', { least: 5 }),
  field('units', { kind: 'units', required: false }),
  field('note', { required: false }),
  field('told', { kind: 'switch', required: false }),
]

describe('a form that the server describes', () => {
  it('tells the server the ids of files that lie ready, and what was ticked', () => {
    const form = [field('files', { kind: 'files' }), field('faults', { kind: 'choices' })]
    expect(gapsOf(form, blankOf(form))).toEqual(['files', 'faults'])
    const values = { files: [{ id: 'a1', name: '照片.jpg' }], faults: ['NO_EVIDENCE'] }
    expect(gapsOf(form, values)).toEqual([])
    expect(bodyOf(form, values)).toEqual({ files: ['a1'], faults: ['NO_EVIDENCE'] })
  })

  it('starts with nothing decided', () => {
    expect(blankOf(FORM)).toEqual({
      granted: undefined,
      reason: '',
      units: [],
      note: '',
      told: false,
    })
    expect(blankOf([field('level', { kind: 'number', default: 3 })])).toEqual({ level: 3 })
  })

  it('names what is missing, a decision against it is none', () => {
    expect(gapsOf(FORM, blankOf(FORM))).toEqual(['granted', 'reason'])
    expect(gapsOf(FORM, { ...blankOf(FORM), granted: false, reason: '依据不足' })).toEqual([
      'reason',
    ])
    expect(gapsOf(FORM, { ...blankOf(FORM), granted: false, reason: '依据不充分' })).toEqual([])
  })

  it('sends what was filled in and nothing else', () => {
    const values = { ...blankOf(FORM), granted: false, reason: '依据不充分', note: '  ' }
    expect(bodyOf(FORM, values)).toEqual({ granted: false, reason: '依据不充分', told: false })
  })

  it('offers no unit that would be refused', () => {
    const unit = (code: string, parent: string | null): Department =>
      ({ code, parent, name: code, short_name: code }) as Department
    const all = [unit('HL', null), unit('CG', 'HL'), unit('SZ', 'CG'), unit('ZJ', 'HL')]
    const codes = (given?: FormField) => unitsFor(all, given).map((one) => one.code)
    expect(codes()).toEqual(['CG', 'SZ', 'ZJ'])
    const below = [{ value: 'SZ', label: 'SZ' }]
    expect(codes(field('department', { kind: 'unit', options: below }))).toEqual(['SZ'])
    expect(codes(field('department', { kind: 'unit', without: ['CG'] }))).toEqual(['SZ', 'ZJ'])
  })
})
