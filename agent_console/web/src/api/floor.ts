/** The call floor's addresses, one function each. */

import { request } from './http'
import type * as f from './floor-types'
import type { OrderDetail, Page, Presence } from './types'

type Query = Record<string, string | number | boolean | null | undefined>

function post<T = void>(path: string, body: unknown = {}): Promise<T> {
  return request<T>('POST', path, { body })
}

export const floorApi = {
  floor: () => request<f.Floor>('GET', '/api/floor'),
  queues: () => request<f.Queues>('GET', '/api/queues'),
  extendWrapUp: () => post<Presence>('/api/agent/extend-wrap-up'),
  floorStaff: () => request<f.StaffSkills[]>('GET', '/api/staff', { query: { floor: 1 } }),
  setSkills: (staffId: string, skills: Record<string, number>) =>
    request<void>('PUT', `/api/staff/${staffId}/skills`, { body: { skills } }),

  phoneBook: () => request<f.PhoneBook>('GET', '/api/phone-book'),
  consult: (callId: string, to: f.Destination) =>
    post<{ party_id: string }>(`/api/calls/${callId}/consult`, to),
  talk: (callId: string, step: 'consult/end' | 'consult/swap' | 'conference' | 'conference/leave') =>
    post(`/api/calls/${callId}/${step}`),
  dropParty: (callId: string, partyId: string) => post(`/api/calls/${callId}/parties/${partyId}/drop`),
  transfer: (callId: string, kind: 'BLIND' | 'ATTENDED', to: f.Destination = {}) =>
    post(`/api/calls/${callId}/transfer`, { kind, ...to }),
  keys: (callId: string, digits: string) => post(`/api/calls/${callId}/keys`, { digits }),
  hangUp: (callId: string, survey: boolean) => post(`/api/calls/${callId}/hang-up`, { survey }),
  callHistory: (callId: string) => request<f.CallHistoryEvent[]>('GET', `/api/calls/${callId}/events`),

  supervise: (callId: string, kind: string, reason: string) =>
    post(`/api/calls/${callId}/supervise`, { kind, reason }),
  superviseSwitch: (callId: string, kind: string) =>
    post(`/api/calls/${callId}/supervise/switch`, { kind }),
  superviseStop: (callId: string) => post(`/api/calls/${callId}/supervise/stop`),
  forceState: (agentId: string, state: string, reason: string) =>
    post(`/api/agents/${agentId}/force-state`, { state, reason }),
  supervision: () => request<{ active: f.Supervision[] }>('GET', '/api/supervision'),
  alerts: (query: Query) => request<Page<f.Alert>>('GET', '/api/alerts', { query }),
  acknowledge: (alertId: string, note: string) => post(`/api/alerts/${alertId}/acknowledge`, { note }),

  callbacks: (query: Query) => request<f.CallbackPage>('GET', '/api/callbacks', { query }),
  nextCallback: () => post<f.CallbackTask>('/api/callbacks/next'),
  takeCallback: (id: string, version: number) =>
    post<f.CallbackTask>(`/api/callbacks/${id}/take`, { expected_version: version }),
  callCallback: (id: string) => post<{ call_id: string }>(`/api/callbacks/${id}/call`),
  callbackNumber: (id: string, number: string) => post(`/api/callbacks/${id}/number`, { number }),
  releaseCallback: (id: string) => post(`/api/callbacks/${id}/release`),
  finishCallback: (id: string, reached: boolean, note: string) =>
    post(`/api/callbacks/${id}/finish`, { reached, note }),
  cancelCallback: (id: string, reason: string) => post(`/api/callbacks/${id}/cancel`, { reason }),

  nuisance: (state: string) =>
    request<f.BlockedNumber[]>('GET', '/api/nuisance', { query: { state } }),
  proposeNuisance: (number: string, reason: string, days: number) =>
    post('/api/nuisance', { number, reason, days }),
  decideNuisance: (id: string, step: 'approve' | 'reject', note: string) =>
    post(`/api/nuisance/${id}/${step}`, { note }),
  endNuisance: (id: string, reason: string) => post(`/api/nuisance/${id}/end`, { reason }),

  surge: () => request<f.SurgeView>('GET', '/api/surge'),
  startSurge: (body: Record<string, unknown>) => post('/api/surge', body),
  changeSurge: (body: Record<string, unknown>) => request<void>('PUT', '/api/surge', { body }),
  endSurge: (note: string) => post('/api/surge/end', { note }),
  /** With the place of this caller, or the template's where it is empty. */
  surgeOrder: (callId: string, place: string) =>
    post<OrderDetail>('/api/surge/order', place ? { call_id: callId, place } : { call_id: callId }),
  caller: (number: string) =>
    request<f.CallerProfile>('GET', `/api/callers/${encodeURIComponent(number)}`),
  saveCaller: (profile: f.CallerProfile) => {
    const { elderly, enterprise, dialect, note } = profile
    return request<f.CallerProfile>('PUT', `/api/callers/${encodeURIComponent(profile.number)}`, {
      body: { elderly, enterprise, dialect, note },
    })
  },

  recordings: (callId: string) => request<f.RecordingView[]>('GET', `/api/calls/${callId}/recordings`),
  mixUrl: (callId: string) => `/api/calls/${callId}/mix.wav`,
  legalHolds: (callId: string) => request<f.LegalHold[]>('GET', `/api/calls/${callId}/legal-holds`),
  holdRecordings: (callId: string, reason: string) =>
    post(`/api/calls/${callId}/legal-holds`, { reason }),
  releaseHold: (id: string, reason: string) => post(`/api/legal-holds/${id}/release`, { reason }),
  accessLog: (query: Query) => request<Page<f.AccessEntry>>('GET', '/api/access-log', { query }),
}
