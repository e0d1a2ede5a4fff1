/** Who is signed in, and what waits for them. */

export interface StaffView {
  id: string
  username: string
  name: string
  roles: string[]
  department: string
  department_name: string
  extension: string | null
}

export interface Me {
  staff: StaffView
  permissions: string[]
  demo: boolean
  /** Key of the post acted in, and for whom. */
  post: string
  for_name: string
  posts: PostChoice[]
}

export interface PostChoice {
  key: string
  department_name: string
  roles: string[]
  for_name: string
}

export interface Badges {
  dispatch: number
  supplement: number
  inbox: number
  audit: number
  follow_up: number
  callbacks: number | null
  callbacks_overdue: number | null
  alerts: number | null
  nuisance: number | null
  notices: number | null
  knowledge: number | null
}
