/** What the browser's connection to the exchange tells: candidates, and whether sound gets through. */

/**
 * A UDP candidate of an address of this machine suffices: the exchange learns any better one from
 * the checks. A hidden address (….local) does not: the exchange could not resolve it.
 */
export function isUsableHost(candidate: string): boolean {
  const fields = candidate.trim().split(/\s+/)
  const [transport, address] = [fields[2]?.toLowerCase(), fields[4] ?? '']
  return transport === 'udp' && fields[7] === 'host' && !address.endsWith('.local')
}

/**
 * Whether sound gets through: both ends keep asking each other along its way, whoever is silent.
 * Null while that is not known yet, or any more.
 */
export function soundOf(state: RTCIceConnectionState): 'lost' | 'there' | null {
  if (state === 'disconnected' || state === 'failed') return 'lost'
  return state === 'connected' || state === 'completed' ? 'there' : null
}
