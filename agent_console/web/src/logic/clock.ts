/**
 * The server's clock, as seen from here. A desk computer's clock may be minutes off; timers count
 * in the server's time. Only differences above two seconds are corrected: the Date header that
 * tells has a resolution of one second.
 */

const TOLERANCE_MS = 2000
let offset = 0

export function learnServerTime(dateHeader: string | null, received: number = Date.now()): void {
  const server = dateHeader ? Date.parse(dateHeader) : NaN
  if (Number.isNaN(server)) return
  const difference = server + 500 - received
  offset = Math.abs(difference) > TOLERANCE_MS ? difference : 0
}

export function serverNow(): number {
  return Date.now() + offset
}
