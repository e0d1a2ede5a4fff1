/** Pages, and who may open them. The server checks every request again. */

import { ElMessage } from 'element-plus'
import { createRouter, createWebHistory, type Router, type RouteRecordRaw } from 'vue-router'

import { firstPage, mayOpen } from './menu'
import { useSession } from './stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    title: string
    public?: boolean
    /** Any of these permissions opens the page. */
    needs?: string[]
  }
}

const ORDERS = ['order.view_all', 'order.view_unit']

const inShell: RouteRecordRaw[] = [
  {
    path: '/desk',
    component: () => import('./pages/DeskPage.vue'),
    meta: { title: '话务受理', needs: ['order.create'] },
  },
  {
    path: '/dispatch',
    component: () => import('./pages/DispatchPage.vue'),
    meta: { title: '派单', needs: ['queue.dispatch'] },
  },
  {
    path: '/supplement',
    component: () => import('./pages/SupplementPage.vue'),
    meta: { title: '待补充', needs: ['order.create', 'queue.dispatch'] },
  },
  {
    path: '/inbox',
    component: () => import('./pages/InboxPage.vue'),
    meta: { title: '单位收件箱', needs: ['queue.unit'] },
  },
  {
    path: '/audit',
    component: () => import('./pages/AuditPage.vue'),
    meta: { title: '办结审核', needs: ['queue.audit'] },
  },
  {
    path: '/follow-up',
    component: () => import('./pages/FollowUpPage.vue'),
    meta: { title: '回访', needs: ['queue.follow_up'] },
  },
  {
    path: '/notices',
    component: () => import('./pages/NoticesPage.vue'),
    meta: { title: '通知', needs: ['order.view_unit', 'order.create', 'office.view'] },
  },
  {
    path: '/oversight',
    component: () => import('./pages/OversightPage.vue'),
    meta: { title: '督办审定', needs: ['office.view'] },
  },
  {
    path: '/orders',
    component: () => import('./pages/OrdersPage.vue'),
    meta: { title: '工单查询', needs: ORDERS },
  },
  {
    path: '/orders/:id',
    component: () => import('./pages/OrderPage.vue'),
    props: true,
    meta: { title: '工单详情', needs: ORDERS },
  },
  {
    path: '/calls',
    component: () => import('./pages/CallsPage.vue'),
    meta: { title: '通话记录', needs: ['call.transcript', 'call.floor'] },
  },
  {
    path: '/calls/:id',
    component: () => import('./pages/CallPage.vue'),
    props: true,
    meta: { title: '通话详情', needs: ['call.transcript'] },
  },
  {
    path: '/floor',
    component: () => import('./pages/FloorPage.vue'),
    meta: { title: '话务现场', needs: ['call.floor'] },
  },
  {
    path: '/callbacks',
    component: () => import('./pages/CallbacksPage.vue'),
    meta: { title: '回拨任务', needs: ['floor.callback'] },
  },
  {
    path: '/nuisance',
    component: () => import('./pages/NuisancePage.vue'),
    meta: { title: '骚扰号码名单', needs: ['nuisance.propose', 'nuisance.decide'] },
  },
  {
    path: '/access-log',
    component: () => import('./pages/AccessLogPage.vue'),
    meta: { title: '调阅记录', needs: ['access.view'] },
  },
  {
    path: '/events',
    component: () => import('./pages/EventsPage.vue'),
    meta: { title: '热点事件', needs: ['event.view'] },
  },
  {
    path: '/report',
    component: () => import('./pages/ReportPage.vue'),
    meta: { title: '管理报表', needs: ['report.view'] },
  },
  {
    path: '/text-model',
    component: () => import('./pages/TextModelPage.vue'),
    meta: { title: '文本模型', needs: ['report.view'] },
  },
  {
    path: '/floor-figures',
    component: () => import('./pages/FloorFiguresPage.vue'),
    meta: { title: '话务报表', needs: ['floor.figures'] },
  },
  {
    path: '/floor-figures/seat-time',
    // It tells what one number is made of; without one there is nothing to tell.
    beforeEnter: (to) => (to.query.cell ? true : '/floor-figures'),
    component: () => import('./pages/SeatTimePage.vue'),
    meta: { title: '坐席时长构成', needs: ['floor.figures'] },
  },
  {
    path: '/staffing',
    component: () => import('./pages/StaffingPage.vue'),
    meta: { title: '排班与人力', needs: ['floor.schedule', 'floor.figures'] },
  },
  {
    path: '/knowledge',
    component: () => import('./pages/KnowledgePage.vue'),
    meta: { title: '知识库', needs: ['knowledge.view'] },
  },
  {
    path: '/catalogue',
    component: () => import('./pages/CataloguePage.vue'),
    meta: { title: '派单目录', needs: ['catalogue.view'] },
  },
  {
    path: '/units',
    component: () => import('./pages/UnitsPage.vue'),
    meta: { title: '单位与人员', needs: ['directory.view'] },
  },
  {
    path: '/account',
    component: () => import('./pages/AccountPage.vue'),
    meta: { title: '我的账号' },
  },
]

const routes: RouteRecordRaw[] = [
  {
    path: '/login',
    component: () => import('./pages/LoginPage.vue'),
    meta: { title: '登录', public: true },
  },
  {
    // Citizens come here by the link in a message.
    path: '/opinion/:code',
    component: () => import('./pages/OpinionPage.vue'),
    props: true,
    meta: { title: '办理结果评价', public: true },
  },
  {
    path: '/phone',
    component: () => import('./pages/PhonePage.vue'),
    meta: { title: '市民练习电话', public: true },
  },
  {
    path: '/',
    component: () => import('./components/AppShell.vue'),
    children: [
      { path: '', redirect: () => firstPage() },
      ...inShell,
      {
        path: ':rest(.*)*',
        component: () => import('./pages/MissingPage.vue'),
        meta: { title: '没有这个页面' },
      },
    ],
  },
]

export function makeRouter(): Router {
  const router = createRouter({ history: createWebHistory(), routes })
  router.beforeEach(async (to) => {
    if (to.meta.public) return true
    const session = useSession()
    try {
      await session.load()
    } catch {
      return { path: '/login', query: { next: to.fullPath, reason: 'network' } }
    }
    if (!session.me) return { path: '/login', query: { next: to.fullPath } }
    if (mayOpen(to.meta.needs)) return true
    ElMessage.warning('您的岗位不能打开此页')
    return firstPage()
  })
  router.afterEach((to) => {
    document.title = to.meta.title ? `${to.meta.title} · 12345热线` : '12345热线'
  })
  return router
}
