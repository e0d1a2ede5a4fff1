/** The demonstration accounts that the sign-in page offers, in whatever form the server says. */

import type { DemoAccount, SystemStatus } from '@/api/types'

export function demoAccounts(status: SystemStatus | null): DemoAccount[] {
  if (!status?.demo) return []
  if (Array.isArray(status.demo)) return status.demo
  if (typeof status.demo === 'object') return status.demo.accounts ?? []
  return status.demo_accounts ?? []
}
