/** The menu of a person: what the permissions open. */

import {
  AlarmClock,
  Bell,
  Calendar,
  Checked,
  Collection,
  Connection,
  Cpu,
  DataAnalysis,
  Document,
  EditPen,
  Files,
  Headset,
  MessageBox,
  Monitor,
  OfficeBuilding,
  PhoneFilled,
  Promotion,
  Service,
  Stamp,
  TrendCharts,
  View,
  WarnTriangleFilled,
} from '@element-plus/icons-vue'
import type { Component } from 'vue'

import type { Badges } from './api/types'
import { useSession } from './stores/session'

export interface MenuEntry {
  path: string
  label: string
  icon: Component
  needs: string[]
  badge?: keyof Badges
}

export const MENU: MenuEntry[] = [
  { path: '/desk', label: '话务受理', icon: Headset, needs: ['order.create'] },
  { path: '/floor', label: '现场', icon: Monitor, needs: ['call.floor'], badge: 'alerts' },
  {
    path: '/callbacks',
    label: '回拨',
    icon: AlarmClock,
    needs: ['floor.callback'],
    badge: 'callbacks',
  },
  {
    path: '/dispatch',
    label: '派单',
    icon: Promotion,
    needs: ['queue.dispatch'],
    badge: 'dispatch',
  },
  {
    path: '/supplement',
    label: '待补充',
    icon: EditPen,
    needs: ['order.create', 'queue.dispatch'],
    badge: 'supplement',
  },
  { path: '/inbox', label: '收件箱', icon: MessageBox, needs: ['queue.unit'], badge: 'inbox' },
  { path: '/audit', label: '审核', icon: Checked, needs: ['queue.audit'], badge: 'audit' },
  {
    path: '/follow-up',
    label: '回访',
    icon: Service,
    needs: ['queue.follow_up'],
    badge: 'follow_up',
  },
  {
    path: '/notices',
    label: '通知',
    icon: Bell,
    needs: ['order.view_unit', 'order.create', 'office.view'],
    badge: 'notices',
  },
  { path: '/oversight', label: '督办', icon: Stamp, needs: ['office.view'] },
  { path: '/orders', label: '工单', icon: Document, needs: ['order.view_all', 'order.view_unit'] },
  {
    path: '/calls',
    label: '通话',
    icon: PhoneFilled,
    needs: ['call.transcript', 'call.floor'],
  },
  {
    path: '/nuisance',
    label: '名单',
    icon: WarnTriangleFilled,
    needs: ['nuisance.propose', 'nuisance.decide'],
    badge: 'nuisance',
  },
  { path: '/access-log', label: '调阅', icon: View, needs: ['access.view'] },
  { path: '/floor-figures', label: '话务', icon: TrendCharts, needs: ['floor.figures'] },
  {
    path: '/staffing',
    label: '排班',
    icon: Calendar,
    needs: ['floor.schedule', 'floor.figures'],
  },
  { path: '/events', label: '热点', icon: Connection, needs: ['event.view'] },
  {
    path: '/knowledge',
    label: '知识',
    icon: Collection,
    needs: ['knowledge.view'],
    badge: 'knowledge',
  },
  { path: '/catalogue', label: '目录', icon: Files, needs: ['catalogue.view'] },
  { path: '/units', label: '单位', icon: OfficeBuilding, needs: ['directory.view'] },
  { path: '/report', label: '报表', icon: DataAnalysis, needs: ['report.view'] },
  { path: '/text-model', label: '模型', icon: Cpu, needs: ['report.view'] },
]

export function mayOpen(needs: string[] | undefined): boolean {
  const session = useSession()
  return !needs || needs.some((permission) => session.may(permission))
}

export function myMenu(): MenuEntry[] {
  return MENU.filter((entry) => mayOpen(entry.needs))
}

/** Where a person lands after signing in: the own desk first, then the wider views. */
export function firstPage(): string {
  const wide = [
    '/notices',
    '/oversight',
    '/report',
    '/floor',
    '/orders',
    '/calls',
    '/nuisance',
    '/access-log',
    '/floor-figures',
    '/staffing',
    '/events',
    '/knowledge',
    '/catalogue',
    '/units',
    '/text-model',
  ]
  const paths = myMenu().map((entry) => entry.path)
  // Call-backs are everybody's; nobody's first page.
  const own = paths.find((path) => !wide.includes(path) && path !== '/callbacks')
  return own ?? wide.find((path) => paths.includes(path)) ?? '/account'
}
