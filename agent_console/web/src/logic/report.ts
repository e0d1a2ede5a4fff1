/** The report's large numbers; where nothing was counted there is nothing to open. */

import type { PeriodReport, ReportShare } from '@/api/types'
import { drillTo, interval, percent, sample, score, type FigureCard } from './figures'

type RateCode = 'on_time' | 'response' | 'resolution' | 'satisfaction'

export function reportCards(report: PeriodReport): FigureCard[] {
  const columns = new Map(report.columns.map((column) => [column.code, column]))
  const to = (cell: string) => drillTo(cell, report.first, report.last)
  const { total, orders, withdrawn, answered } = report

  function rate(code: RateCode): FigureCard {
    const share = total[code]
    const column = columns.get(code)
    const label = column?.label ?? code
    const card = { code, label, words: column?.formula ?? '', value: percent(share.value) }
    return { ...card, note: sampleWords(code, share), to: share.of ? to(share.cell) : undefined }
  }

  return [
    {
      code: 'orders',
      label: '受理工单',
      words: '期内受理登记的工单数',
      value: String(orders.value),
      note: `撤单 ${withdrawn.value} 件`,
      to: orders.value ? to(orders.cell) : undefined,
    },
    {
      code: 'answered',
      label: '直接答复率',
      words: '直接答复办结的工单数÷受理工单数',
      value: percent(answered.value),
      note: answered.of ? sample(answered) : '期内没有工单',
      to: answered.of ? to(answered.cell) : undefined,
    },
    ...(['on_time', 'response', 'resolution', 'satisfaction'] as const).map(rate),
    {
      code: 'score',
      label: columns.get('score')?.label ?? '综合成绩',
      words: columns.get('score')?.formula ?? '',
      value: score(total.score),
      note: total.too_few ? '样本不足' : '满分100分',
    },
    {
      code: 'closure_score',
      label: '平均办结评估分',
      words: columns.get('closure_score')?.formula ?? '',
      value: score(total.closure_score),
      note: `办结 ${total.closed.value} 件`,
      to: total.closed.value ? to(total.closed.cell) : undefined,
    },
  ]
}

function sampleWords(code: RateCode, share: ReportShare): string {
  if (share.of) return `${sample(share)}（${interval(share)}）`
  return code === 'on_time' ? '期内尚无到期件' : '期内没有样本'
}
