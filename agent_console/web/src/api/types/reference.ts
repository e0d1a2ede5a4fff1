/** Words, units, categories, and how the parts of the system are. */

export interface Department {
  code: string
  name: string
  short_name: string
  kind: string
  parent: string | null
}

export interface TaxonomyNode {
  code: string
  name: string
  children?: TaxonomyNode[]
}

export interface Taxonomy {
  version: string
  nodes: TaxonomyNode[]
}

export interface SpeechStatus {
  available: boolean
  model: string
  practice: boolean
  reason: string
}

export interface DemoAccount {
  username: string
  password: string
  name: string
  roles: string[]
  department_name: string
}

export interface SystemStatus {
  version: string
  exchange: { online: boolean; reason: string }
  speech: SpeechStatus
  text_model: { version: string } | null
  area_name: string
  hotline_number: string
  practice_phones: boolean
  demo: boolean
  /** Only for a browser on the server's own machine. */
  demo_accounts: DemoAccount[]
}

/** Words that are clicked instead of typed; any other words are as good. */
export interface Reasons {
  busy: string[]
  /** By what a shift leader does. */
  supervision: Partial<Record<string, string[]>>
  nuisance: string[]
}
