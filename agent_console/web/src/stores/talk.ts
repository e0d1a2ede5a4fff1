/**
 * What an agent does with others in a call: consult, swap, three-way, hand over, keys. The server
 * carries it out; this store passes commands on and keeps the telephone book.
 */

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { floorApi } from '@/api/floor'
import type { Destination, PhoneBook } from '@/api/floor-types'
import { citizenState, obstacle, others, type TalkAction } from '@/logic/talk'
import { useAgent } from './agent'
import { useDesk } from './desk'
import { useSession } from './session'

export const useTalk = defineStore('talk', () => {
  const agent = useAgent()
  const session = useSession()

  const book = ref<PhoneBook | null>(null)
  const groupNames = ref(new Map<string, string>())
  /** Digits sent in this call, as a reminder. */
  const sent = ref('')

  const parties = computed(() => others(agent.call, session.staff?.id))
  /** With whom the citizen is: one's own line tells that, too, when a colleague asked one in. */
  const citizen = computed(() => (agent.call ? citizenState(agent.call, agent.call.parties ?? []) : 'talking'))
  /** Several people: consulting, or all together. */
  const several = computed(() => parties.value.length > 0)

  function against(action: TalkAction): string | null {
    if (agent.call && !agent.holdsCall) return '这通电话由其他坐席主持'
    return obstacle(action, agent.call, parties.value)
  }

  async function loadBook(): Promise<void> {
    const [fresh, queues] = await Promise.all([
      floorApi.phoneBook(),
      floorApi.queues().catch(() => null),
    ])
    book.value = fresh
    groupNames.value = new Map((queues?.groups ?? []).map((group) => [group.code, group.name]))
  }

  /** Runs one command on the call in hand; true when the server did it. */
  async function run(work: (callId: string) => Promise<unknown>): Promise<boolean> {
    const call = agent.call
    if (!call) return false
    let done = false
    await agent.command(async () => {
      await work(call.call_id)
      done = true
    })
    agent.refresh().catch(() => {})
    return done
  }

  /** The draft goes with the call: what was typed in the last moments goes first. */
  async function handOn(work: (callId: string) => Promise<unknown>): Promise<boolean> {
    if (session.may('order.create')) await useDesk().flush()
    return run(work)
  }

  const consult = (to: Destination) => run((id) => floorApi.consult(id, to))
  const blind = (to: Destination) => handOn((id) => floorApi.transfer(id, 'BLIND', to))
  const complete = () => handOn((id) => floorApi.transfer(id, 'ATTENDED'))
  const endConsult = () => run((id) => floorApi.talk(id, 'consult/end'))
  const swap = () => run((id) => floorApi.talk(id, 'consult/swap'))
  const conference = () => run((id) => floorApi.talk(id, 'conference'))
  const leave = () => handOn((id) => floorApi.talk(id, 'conference/leave'))
  const drop = (partyId: string) => run((id) => floorApi.dropParty(id, partyId))

  let line: Promise<unknown> = Promise.resolve()
  /** One key after the other, in the order pressed. */
  function press(digit: string): void {
    sent.value = (sent.value + digit).slice(-24)
    line = line.then(() => run((id) => floorApi.keys(id, digit)))
  }

  function forgetKeys(): void {
    sent.value = ''
  }

  return {
    book,
    groupNames,
    sent,
    parties,
    citizen,
    several,
    against,
    loadBook,
    consult,
    blind,
    complete,
    endConsult,
    swap,
    conference,
    leave,
    drop,
    press,
    forgetKeys,
  }
})
