/** Shapes of the console's API, by subject. */

export type * from './calls'
export type * from './common'
export type * from './orders'
export type * from './reference'
export type * from './reports'
export type * from './session'
export type * from './understanding'
