/** Numbers of reports as people read them. */

import type { RouteLocationRaw } from 'vue-router'

import type { ReportShare } from '@/api/types'

/** A large number above a report. */
export interface FigureCard {
  code: string
  label: string
  /** How it is made. */
  words: string
  value: string
  note: string
  /** What it counts. */
  to?: RouteLocationRaw
  /** Of a share, those that it is the share of: the first number of the note. */
  noteTo?: RouteLocationRaw
}

/** 0.9234 → 92.3% */
export function percent(value: number | null): string {
  return value === null ? '—' : `${(value * 100).toFixed(1)}%`
}

/** 12/13, weighted counts with one decimal. */
export function sample(share: ReportShare): string {
  const hits = Number.isInteger(share.hits) ? String(share.hits) : share.hits.toFixed(1)
  return `${hits}/${share.of}`
}

/** 66.7–98.6% */
export function interval(share: ReportShare): string {
  if (share.low === null || share.high === null) return ''
  return `${(share.low * 100).toFixed(1)}–${(share.high * 100).toFixed(1)}%`
}

export function score(value: number | null): string {
  return value === null ? '—' : value.toFixed(1)
}

/** Where a number's orders are listed. */
export function drillTo(cell: string, first: string, last: string) {
  return { path: '/orders', query: { ids_of: cell, from: first, to: last } }
}
