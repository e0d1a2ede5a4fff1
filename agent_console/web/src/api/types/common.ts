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

/** What a number of a report is whose rows are listed. */
export interface OpenedFigure {
  label: string
  words: string
  /** Whose rows these are, where that is another count. */
  counted: string
  /** What it was narrowed to. */
  parts: string[]
}

/** A page that may be what is behind a number. */
export interface OpenedPage<T> extends Page<T> {
  figure: OpenedFigure | null
}
