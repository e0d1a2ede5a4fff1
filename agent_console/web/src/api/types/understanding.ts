/** What the machine made of a call, with confidence and reason. */

import type { Iso } from './common'

export interface Candidate {
  code: string
  name: string
  confidence: number
  reason: string
  path: string[]
}

export interface Fact {
  kind: string
  text: string
  value: string
  span: { start: number; end: number }
  resolved: Iso | null
}

export interface Doubt {
  field: 'request_type' | 'category' | 'department'
  reason: string
}

/** A reason for which the demand may have to be declined; a person decides. */
export interface RefusalHint {
  code: string
  name: string
  /** What the citizen is told. */
  route: string
  reason: string
  span: { start: number; end: number }
}

export interface Understanding {
  request_types: Candidate[]
  categories: Candidate[]
  departments: Candidate[]
  urgency: string
  urgency_reason: string
  title: string
  facts: Fact[]
  model_version: string
  /** Where the machine abstains, and why. */
  doubts?: Doubt[]
  refusals?: RefusalHint[]
  /** What was told, in the citizen's words. */
  summary?: string
}
