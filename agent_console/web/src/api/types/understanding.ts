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
}
