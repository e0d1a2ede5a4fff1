/** The server's addresses, one function each. */

import { request } from './http'
import type * as t from './types'

type Query = Record<string, string | number | boolean | null | undefined>

export const api = {
  me: () => request<t.Me>('GET', '/api/session'),
  signIn: (username: string, password: string) =>
    request<t.Me>('POST', '/api/session', { body: { username, password } }),
  signOut: () => request<void>('DELETE', '/api/session'),
  changePassword: (old: string, fresh: string) =>
    request<void>('POST', '/api/session/password', { body: { old, new: fresh } }),

  vocabulary: () => request<t.Vocabulary>('GET', '/api/vocabulary'),
  departments: () => request<t.Department[]>('GET', '/api/departments'),
  taxonomy: () => request<t.Taxonomy>('GET', '/api/taxonomy'),
  reasons: () => request<t.Reasons>('GET', '/api/reasons'),
  status: () => request<t.SystemStatus>('GET', '/api/status'),
  badges: () => request<t.Badges>('GET', '/api/badges'),
  assessmentRules: () => request<t.AssessmentRules>('GET', '/api/assessment-rules'),

  agent: () => request<t.AgentView>('GET', '/api/agent'),
  agentSignIn: (body: { resume: boolean; seat: string }) =>
    request<t.SignInAnswer>('POST', '/api/agent/sign-in', { body }),
  agentSignOut: () => request<void>('POST', '/api/agent/sign-out', { body: {} }),
  setAgentState: (state: string, reason = '') =>
    request<t.Presence>('POST', '/api/agent/state', { body: { state, reason } }),
  wrapUpDone: () => request<t.Presence>('POST', '/api/agent/wrap-up-done', { body: {} }),

  calls: (query: Query) => request<t.CallPage>('GET', '/api/calls', { query }),
  call: (id: string) => request<t.CallDetail>('GET', `/api/calls/${id}`),
  callOut: (number: string, orderId?: string) =>
    request<{ call_id: string }>('POST', '/api/calls', {
      body: orderId ? { number, order_id: orderId } : { number },
    }),
  callCommand: (id: string, command: 'hold' | 'resume') =>
    request<void>('POST', `/api/calls/${id}/${command}`, { body: {} }),
  recordingUrl: (id: string, leg: 'caller' | 'agent') => `/api/calls/${id}/recording/${leg}.wav`,
  /** Null: nothing was typed yet. */
  draft: (id: string) => request<t.DraftView | null>('GET', `/api/calls/${id}/draft`),
  /** `based_on`: the `updated_at` of the draft that the form began with; null: there was none. */
  saveDraft: (
    id: string,
    draft: { content: Record<string, unknown>; based_on: string | null },
    keepalive = false,
  ) =>
    request<{ updated_at: string }>('PUT', `/api/calls/${id}/draft`, {
      body: draft,
      keepalive,
    }),

  chooseCorrection: (call: string, utterance: string, index: number, undone: boolean) =>
    request<{ text: string; corrections: t.Correction[] }>(
      'PUT',
      `/api/calls/${call}/utterances/${utterance}/corrections/${index}`,
      { body: { undone } },
    ),

  orders: (query: Query) => request<t.OpenedPage<t.OrderRow>>('GET', '/api/orders', { query }),
  order: (id: string) => request<t.OrderDetail>('GET', `/api/orders/${id}`),
  createOrder: (body: Record<string, unknown>, key: string) =>
    request<t.OrderDetail>('POST', '/api/orders', { body, idempotencyKey: key }),
  orderCommand: (id: string, action: string, body: Record<string, unknown>, key: string) =>
    request<t.OrderDetail>('POST', `/api/orders/${id}/${action}`, { body, idempotencyKey: key }),

  attachments: (id: string) =>
    request<t.Attachment[]>('GET', `/api/orders/${id}/attachments`),
  upload: (id: string, file: File, kind: string) =>
    request<t.Attachment>('POST', `/api/orders/${id}/attachments`, {
      query: { name: file.name, kind },
      file,
    }),
  attachmentUrl: (id: string) => `/api/attachments/${id}`,

  report: (from: string, to: string) =>
    request<t.PeriodReport>('GET', '/api/reports/period', { query: { from, to } }),

  practicePhones: () => request<{ number: string }[]>('GET', '/api/practice/phones'),
  practicePhone: (number: string) =>
    request<{ account: t.SipAccount; sip_path: string; hotline_number: string }>(
      'POST',
      `/api/practice/phones/${encodeURIComponent(number)}`,
      { body: {} },
    ),
}
