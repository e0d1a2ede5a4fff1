import type { SurgeView } from '@/api/floor-types'

/** Calls of the last minutes beside the forecast, and where surge mode begins by itself. */
export function volumeWords(view: SurgeView): { before: string; after: string; hint: string } {
  const share = (ratio: number) => `${Math.round(ratio * 100)}%`
  const ratio = view.ratio === null ? '—' : share(view.ratio)
  const limit = view.limit_ratio === null ? '' : `，超过${share(view.limit_ratio)}时自动启动激增模式`
  return {
    before: `近${view.minutes}分钟来电`,
    after: view.forecast ? ` · 预测 ${Math.round(view.forecast)} · ${ratio}` : '',
    hint: `最近${view.minutes}分钟来电与预测之比${limit}`,
  }
}

/** What the dialog of surge mode asks for every order of the incident. */
export const TEMPLATE_FIELDS = [
  'request_type', 'category', 'urgency', 'title', 'place', 'content', 'lead_department',
] as const

export type TemplateForm = Record<(typeof TEMPLATE_FIELDS)[number], string>

/** As the dialog begins: what runs, and an ordinary urgency. */
export function templateForm(running: Record<string, string> = {}): TemplateForm {
  const form = Object.fromEntries(TEMPLATE_FIELDS.map((key) => [key, String(running[key] ?? '')])) as TemplateForm
  return { ...form, urgency: form.urgency || 'NORMAL' }
}

/**
 * The template to be kept. Empty when nothing but the urgency is filled in: then there is no one-key
 * order. What the dialog does not ask for (a template of the rule file may have it) stays as it was.
 */
export function filledTemplate(form: TemplateForm, running: Record<string, string> = {}): Record<string, string> {
  const { urgency, ...words } = form
  if (!Object.values(words).some((value) => value)) return {}
  const filled = { ...running, ...words, urgency }
  return Object.fromEntries(Object.entries(filled).filter(([, value]) => value))
}
