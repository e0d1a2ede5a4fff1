/** A live transcript: utterances of both sides in the order of their beginnings. */

import type { UtteranceView } from '@/api/types'

export interface Spoken extends UtteranceView {
  final: boolean
}

/**
 * Takes one utterance in. An interim one is replaced by newer ones of the same id and never
 * replaces a final one (events may arrive twice or late after a reconnect).
 */
export function withUtterance(list: readonly Spoken[], heard: Spoken): Spoken[] {
  const known = list.find((item) => item.utterance_id === heard.utterance_id)
  if (known?.final && !heard.final) return [...list]
  const others = list.filter((item) => item.utterance_id !== heard.utterance_id)
  if (!heard.text.trim()) return heard.final ? others : [...list]
  return [...others, heard].sort((a, b) => a.start - b.start || a.end - b.end)
}

/**
 * Who spoke, for the margin: 市民, 坐席 王芳, 专家 社保待遇政策咨询, 110 公安报警.
 *
 * @param label The vocabulary's label of a code.
 */
export function speakerOf(item: UtteranceView, label: (set: string, code: string) => string): string {
  const { speaker } = item
  if (!speaker) return label('Leg', item.leg)
  if (speaker.kind === 'EMERGENCY') return speaker.name // it says what it is
  const kind = speaker.kind === 'EXPERT' ? '专家' : label('PartyKind', speaker.kind)
  return `${kind} ${speaker.name}`.trim()
}

/**
 * Why words come late or not at all, for a call under way; empty while everything is live.
 *
 * @param label The vocabulary's label of a leg.
 */
export function modeNotice(
  modes: Readonly<Record<string, string>>,
  label: (leg: string) => string,
): string {
  const left = Object.keys(modes).filter((leg) => modes[leg] === 'RECORDING')
  if (left.length) {
    const who = left.map(label).join('、')
    return `识别任务较多，${who}的话将在通话结束后按录音补出；录音不受影响。`
  }
  const sentences = Object.values(modes).includes('SENTENCES')
  return sentences ? '识别任务较多，暂时说完一句才显示一句。' : ''
}

/** What the server has stored, plus what was heard live and is not stored yet. */
export function merged(stored: readonly UtteranceView[], live: readonly Spoken[]): Spoken[] {
  return live
    .filter((item) => !item.final || !stored.some((s) => s.utterance_id === item.utterance_id))
    .reduce<Spoken[]>(
      withUtterance,
      stored.map((item) => ({ ...item, final: true })),
    )
}

/** Everything one side said for good, as one text. */
export function wordsOf(list: readonly Spoken[], leg: string): string {
  return list
    .filter((item) => item.final && item.leg === leg)
    .map((item) => (/[，。？！；]$/u.test(item.text) ? item.text : `${item.text}。`))
    .join('')
}

/** A player that was sent to a second may stand a little before it. */
const SEEK_SLACK_S = 0.1

/**
 * The utterance being said at a moment of playback: the one that was chosen, while it lasts, for two
 * may speak at once; else the latest one that has begun.
 */
export function atMoment(
  list: readonly UtteranceView[],
  seconds: number,
  chosen: string | null = null,
): string | null {
  let found: UtteranceView | null = null
  for (const item of list) {
    const picked = item.utterance_id === chosen
    const begun = item.start - (picked ? SEEK_SLACK_S : 0) <= seconds
    if (!begun || seconds >= item.end + 0.3) continue
    if (picked) return item.utterance_id
    found = item
  }
  return found?.utterance_id ?? null
}
