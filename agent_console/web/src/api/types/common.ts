/** What all subjects share. Times are ISO 8601 UTC strings; codes are vocabulary codes. */

export type Iso = string

export interface Label {
  code: string
  label: string
}

export type Vocabulary = Record<string, Label[]>

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}
