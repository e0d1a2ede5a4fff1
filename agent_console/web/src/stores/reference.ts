/** Words and lists that hardly ever change: labels, units, categories, the system's status. */

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api } from '@/api'
import type {
  Department,
  Label,
  Reasons,
  SystemStatus,
  Taxonomy,
  TaxonomyNode,
  Vocabulary,
} from '@/api/types'

export const useReference = defineStore('reference', () => {
  const vocabulary = ref<Vocabulary>({})
  const departments = ref<Department[]>([])
  const taxonomy = ref<Taxonomy>({ version: '', nodes: [] })
  const reasons = ref<Reasons>({ busy: [], supervision: {}, nuisance: [] })
  const status = ref<SystemStatus | null>(null)
  let loading: Promise<void> | null = null

  const departmentNames = computed(
    () => new Map(departments.value.map((unit) => [unit.code, unit.short_name || unit.name])),
  )
  const categoryPaths = computed(() => pathsOf(taxonomy.value.nodes))
  const categoryOptions = computed(() => optionsOf(taxonomy.value.nodes))

  /** Loads once; a failed try may be repeated. */
  function load(): Promise<void> {
    loading ??= fetchAll().catch((error: unknown) => {
      loading = null
      throw error
    })
    return loading
  }

  async function fetchAll(): Promise<void> {
    const [words, units, tree, why] = await Promise.all([
      api.vocabulary(),
      api.departments(),
      api.taxonomy(),
      api.reasons(),
    ])
    vocabulary.value = words
    departments.value = units
    taxonomy.value = tree
    reasons.value = why
  }

  /** Public; the sign-in page needs it before anybody is signed in. */
  async function loadVocabulary(): Promise<void> {
    vocabulary.value = await api.vocabulary()
  }

  async function loadStatus(): Promise<void> {
    status.value = await api.status()
  }

  function label(set: string, code: string | null | undefined): string {
    if (!code) return '—'
    return vocabulary.value[set]?.find((item) => item.code === code)?.label ?? code
  }

  function labels(set: string): Label[] {
    return vocabulary.value[set] ?? []
  }

  function departmentName(code: string | null | undefined): string {
    return code ? (departmentNames.value.get(code) ?? code) : '—'
  }

  function categoryName(code: string): string {
    return categoryPaths.value.get(code)?.names.join(' / ') ?? code
  }

  return {
    vocabulary,
    departments,
    taxonomy,
    reasons,
    status,
    categoryOptions,
    categoryPaths,
    load,
    loadStatus,
    loadVocabulary,
    label,
    labels,
    departmentName,
    categoryName,
  }
})

export type CascaderOption = {
  value: string
  label: string
  children?: CascaderOption[]
}

/** Leaves carry no `children`, or the cascader would offer an empty column. */
export function optionsOf(nodes: TaxonomyNode[]): CascaderOption[] {
  return nodes.map((node) => ({
    value: node.code,
    label: node.name,
    ...(node.children?.length ? { children: optionsOf(node.children) } : {}),
  }))
}

export function pathsOf(
  nodes: TaxonomyNode[],
  above: { codes: string[]; names: string[] } = { codes: [], names: [] },
): Map<string, { codes: string[]; names: string[] }> {
  const found = new Map<string, { codes: string[]; names: string[] }>()
  for (const node of nodes) {
    const path = { codes: [...above.codes, node.code], names: [...above.names, node.name] }
    found.set(node.code, path)
    for (const [code, below] of pathsOf(node.children ?? [], path)) found.set(code, below)
  }
  return found
}
