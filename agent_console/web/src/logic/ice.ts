/** When the description may be sent without waiting for all network candidates. */

/**
 * A UDP candidate of an address of this machine suffices: the exchange learns any better one from
 * the checks. A hidden address (….local) does not: the exchange could not resolve it.
 */
export function isUsableHost(candidate: string): boolean {
  const fields = candidate.trim().split(/\s+/)
  const [transport, address] = [fields[2]?.toLowerCase(), fields[4] ?? '']
  return transport === 'udp' && fields[7] === 'host' && !address.endsWith('.local')
}
