/** Spans of time as a date picker gives them (2026-11-22 14:05, Beijing time) and the server wants them. */

export function instantOf(shown: string): string {
  return `${shown.replace(' ', 'T')}:00+08:00`
}

/** From now until a time of a later day, as a first proposal. */
export function proposedSpan(today: string, from: string, days: number, until: string): [string, string] {
  const [y, m, d] = today.split('-').map(Number) as [number, number, number]
  const end = new Date(Date.UTC(y, m - 1, d + days)).toISOString().slice(0, 10)
  return [`${today} ${from}`, `${end} ${until}`]
}
