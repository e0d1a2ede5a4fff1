/**
 * The call floor as a shift leader sees it: agents, queues, calls, who listens to what, alerts.
 * Read whole, soon after every event and every few seconds besides; ages tick on the page itself.
 */

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { floorApi } from '@/api/floor'
import type { Alert, Floor, Supervision } from '@/api/floor-types'
import { sentenceOf } from '@/api/http'
import { newest } from '@/logic/asking'
import { orderedAgents } from '@/logic/floor'
import { useAgent } from './agent'
import { useLive } from './live'
import { useReference } from './reference'
import { useSession } from './session'
import { useSurge } from './surge'

const TOGETHER_MS = 250
const EVERY_MS = 5000

const FLOOR_EVENTS = [
  'AgentStateChanged',
  'CallOffered',
  'CallQueued',
  'CallRinging',
  'CallAnswered',
  'CallStateChanged',
  'CallPartyChanged',
  'CallTransferred',
  'CallRated',
  'CallEnded',
]

export const useFloor = defineStore('floor', () => {
  const live = useLive()
  const agent = useAgent()
  const session = useSession()
  const reference = useReference()
  const surge = useSurge()

  const picture = ref<Floor | null>(null)
  const active = ref<Supervision[]>([])
  const alerts = ref<Alert[]>([])
  const trouble = ref('')
  const alertTrouble = ref('')
  /** Pages that show the floor now; without one nothing is asked of the server. */
  let watchers = 0

  const agents = computed(() =>
    orderedAgents(picture.value?.agents ?? []).map((person) => ({
      ...person,
      label: reference.label('AgentState', person.state),
    })),
  )
  const calls = computed(() => picture.value?.calls ?? [])
  const waiting = computed(() => picture.value?.waiting ?? [])
  const queues = computed(() => picture.value?.queues ?? [])
  const mine = computed(
    () => active.value.find((item) => item.supervisor_id === session.staff?.id) ?? null,
  )

  function nameOf(agentId: string | null | undefined): string {
    return picture.value?.agents.find((a) => a.agent_id === agentId)?.agent_name ?? '—'
  }

  function queueName(code: string | undefined): string {
    return queues.value.find((queue) => queue.code === code)?.name ?? code ?? ''
  }

  const askFloor = newest()
  const askSupervision = newest()
  const askAlerts = newest()

  async function load(): Promise<void> {
    const current = askFloor()
    try {
      const found = await floorApi.floor()
      if (!current()) return
      picture.value = found
      trouble.value = ''
    } catch (error) {
      if (current()) trouble.value = sentenceOf(error)
    }
  }

  async function loadSupervision(): Promise<void> {
    if (!session.may('floor.supervise')) return
    const current = askSupervision()
    try {
      const found = await floorApi.supervision()
      if (!current()) return
      active.value = found.active
      agent.watching = mine.value?.call_id ?? null
    } catch {
      if (current()) active.value = []
    }
  }

  async function loadAlerts(): Promise<void> {
    if (!session.may('floor.alert')) return
    const current = askAlerts()
    try {
      const found = await floorApi.alerts({ open: 1 })
      if (!current()) return
      alerts.value = found.items
      alertTrouble.value = ''
    } catch (error) {
      if (current()) alertTrouble.value = sentenceOf(error)
    }
  }

  function loadAll(): void {
    void load()
    void loadSupervision()
    void loadAlerts()
    void surge.load()
  }

  let timer: ReturnType<typeof setTimeout> | null = null
  function soon(): void {
    if (!watchers || timer) return
    timer = setTimeout(() => {
      timer = null
      void load()
    }, TOGETHER_MS)
  }

  live.on(FLOOR_EVENTS, soon)
  live.on('CallSupervised', () => watchers && void loadSupervision())
  live.on(['AlertRaised', 'AlertAcknowledged'], () => watchers && void loadAlerts())
  live.onResync(() => watchers && loadAll())
  setInterval(() => {
    if (!watchers || document.visibilityState !== 'visible') return
    void load()
    void loadSupervision()
  }, EVERY_MS)
  // Alerts that ended by themselves have no event of their own, nor has the count of calls of late.
  setInterval(() => {
    if (!watchers) return
    void loadAlerts()
    if (document.visibilityState === 'visible') void surge.load()
  }, 3 * EVERY_MS)

  /** From now on the floor is looked at; call the answer when it no longer is. */
  function watch(): () => void {
    watchers += 1
    loadAll()
    return () => (watchers -= 1)
  }

  return {
    picture,
    active,
    alerts,
    trouble,
    alertTrouble,
    agents,
    calls,
    waiting,
    queues,
    mine,
    nameOf,
    queueName,
    load,
    loadSupervision,
    loadAlerts,
    watch,
  }
})
