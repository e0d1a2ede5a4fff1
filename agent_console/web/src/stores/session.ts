/** Who is signed in, and what the person may see. */

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api } from '@/api'
import { ApiError } from '@/api/http'
import type { Me } from '@/api/types'

export const useSession = defineStore('session', () => {
  const me = ref<Me | null>(null)
  const asked = ref(false)

  const staff = computed(() => me.value?.staff ?? null)
  const hasSeat = computed(() => !!staff.value?.extension)

  function hasRole(...roles: string[]): boolean {
    return roles.some((role) => staff.value?.roles.includes(role))
  }

  function may(permission: string): boolean {
    return me.value?.permissions.includes(permission) ?? false
  }

  /** Asks the server once per page load. A network error is passed on: it says nothing of who. */
  async function load(): Promise<void> {
    if (asked.value) return
    try {
      me.value = await api.me()
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error
    }
    asked.value = true
  }

  async function signIn(username: string, password: string): Promise<void> {
    me.value = await api.signIn(username, password)
    asked.value = true
  }

  async function signOut(): Promise<void> {
    await api.signOut()
    me.value = null
  }

  function forget(): void {
    me.value = null
    asked.value = true
  }

  return { me, staff, hasSeat, hasRole, may, load, signIn, signOut, forget }
})
