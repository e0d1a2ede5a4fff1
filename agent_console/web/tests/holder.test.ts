import { beforeEach, describe, expect, it } from 'vitest'
import { reactive, ref } from 'vue'

import { ApiError, NetworkError } from '@/api/http'
import type { CallDetail, CallView } from '@/api/types'
import { asText, emptyForm } from '@/logic/form'
import { useHolder } from '@/stores/desk-holder'

function record(agentId: string | null, name: string | null, ours = agentId === 'me') {
  const call = { agent_id: agentId, agent_name: name } as CallDetail['call']
  return { call, writes_order: ours }
}

describe('whose the form is', () => {
  const callId = ref<string | null>('c1')
  const agent = reactive<{ call: CallView | null; holdsCall: boolean }>({ call: null, holdsCall: false })
  let whose: ReturnType<typeof useHolder>
  beforeEach(() => {
    Object.assign(agent, { call: null, holdsCall: false })
    whose = useHolder({ callId, agent, ownId: () => 'me' })
  })

  it('is ours until somebody else is known to have the call', () => {
    whose.read(record(null, null))
    expect(whose.readOnly.value).toBe(false)
    whose.read(record('other', '王志强'))
    expect(whose.holder.value).toEqual({ name: '王志强' })
    whose.read(record('me', '李晓梅'))
    expect(whose.readOnly.value).toBe(false)
  })

  it('is ours when we call back for a call that a colleague had', () => {
    whose.read(record('other', '王志强', true))
    expect(whose.readOnly.value).toBe(false)
  })

  it('goes with a call to a colleague, and stays when 110 has it', () => {
    whose.handedOn(null, '110 公安报警')
    expect(whose.readOnly.value).toBe(false)
    whose.handedOn('other', '王志强')
    expect(whose.readOnly.value).toBe(true)
  })

  it('is nobody\u2019s while the call waits in a queue', () => {
    whose.waits()
    expect(whose.holder.value).toEqual({ name: '' })
  })

  it('is ours again with the call in hand, whatever was heard before', () => {
    whose.handedOn('other', '王志强')
    Object.assign(agent, { call: { call_id: 'c1' } as CallView, holdsCall: true })
    expect(whose.readOnly.value).toBe(false)
  })

  it('is the colleague\u2019s who asks us', () => {
    Object.assign(agent, { call: { call_id: 'c1' } as CallView, holdsCall: false })
    expect([whose.guest.value, whose.readOnly.value]).toEqual([true, true])
  })

  it('is told by a refusal to save, but not by a lost network', () => {
    expect(whose.refused(new NetworkError())).toBe(false)
    expect(whose.refused(new ApiError(404, 'not-found', '', ''))).toBe(false)
    const handedOn = new ApiError(409, 'handed-on', '', '', [], { holder: '王志强' })
    expect(whose.refused(handedOn)).toBe(true)
    expect(whose.holder.value).toEqual({ name: '王志强' })
  })
})

it('copies what was written, and nothing that is empty', () => {
  const form = { ...emptyForm(), place: '人民路八号', content: ' 停水三天 ' }
  expect(asText(form)).toBe('发生地点：人民路八号\n诉求内容：停水三天')
  expect(asText(form, '已告知抢修进度')).toContain('答复内容：已告知抢修进度')
})
