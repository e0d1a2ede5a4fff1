/** The text model: versions, who put them in use, acceptance and drift. */

import { request } from './http'

export interface ModelVersion {
  version: string
  trained_at: string
  rows: number
  own_rows: number
  figures: Record<string, Record<string, number>>
  in_use: boolean
  has_report: boolean
}

export interface ModelSwitch {
  at: string
  version: string
  before: string
  by: string
  reason: string
}

export interface FieldFate {
  accepted: number
  edited: number
  ignored: number
  abstained: number
}

export interface ModelWeek {
  begins: string
  orders: number
  looked_at: number
  fields: Record<string, FieldFate>
  model_versions: string[]
}

export interface Shift {
  index: number
  moved: { code: string; name: string; before: number; late: number }[]
}

export interface TextModelPage {
  version: string | null
  versions: ModelVersion[]
  switches: ModelSwitch[]
  weeks: ModelWeek[]
  request_types: Shift | null
  categories: Shift | null
  known_words: number | null
  known_words_trained: number | null
}

export const textModelApi = {
  page: () => request<TextModelPage>('GET', '/api/text-model'),
  report: (version: string) => `/api/text-model/${encodeURIComponent(version)}/report`,
}
