/** Which of an order's clocks is the one to watch. */

import type { ClockView, OrderDetail } from '@/api/types'

type Clocked = Pick<OrderDetail, 'light' | 'due_at' | 'clocks'> & {
  tasks: { clocks: ClockView[] }[]
}

/** The end of the running clock that shows the order's light; the nearest one of several. */
export function runningDue(order: Clocked): string | null {
  const running = [...order.clocks, ...order.tasks.flatMap((task) => task.clocks)]
    .filter((clock) => clock.done_at === null && clock.light !== 'NONE')
    .sort((a, b) => Date.parse(a.due) - Date.parse(b.due))
  const shown = running.find((clock) => clock.light === order.light) ?? running[0]
  return shown?.due ?? order.due_at
}
