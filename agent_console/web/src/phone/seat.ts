/**
 * One seat, one page: a second page of the same person would silently take the telephone away
 * from the first. The browser's lock manager decides who holds it.
 */

export interface SeatLock {
  release(): void
}

const NAME = 'hotline-seat'
/** A page that is being reloaded needs a moment to let go. */
const PATIENCE_MS = 1500

/** The lock, or null while another page holds it. `onStolen`: that page was told to take over. */
export function lockSeat(take: boolean, onStolen: () => void): Promise<SeatLock | null> {
  const locks = navigator.locks as LockManager | undefined
  if (!locks) return Promise.resolve({ release: () => {} })
  return new Promise((resolve) => {
    let held = false
    const giveUp = new AbortController()
    const timer = setTimeout(() => giveUp.abort(), PATIENCE_MS)
    const options: LockOptions = take ? { steal: true } : { signal: giveUp.signal }
    locks
      .request(NAME, options, () => {
        clearTimeout(timer)
        held = true
        return new Promise<void>((release) => resolve({ release }))
      })
      .catch(() => {
        clearTimeout(timer)
        if (held) onStolen()
        else resolve(null)
      })
  })
}
