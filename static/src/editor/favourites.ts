/** What somebody uses most: services marked as favourites, and those placed last. Kept by the browser. */

import { create } from 'zustand'

import { remember } from '../app/remember'

const KEY = 'backwater.favourites'
const MOST_RECENT = 4

interface Kept { favourites: string[]; recent: string[] }

interface Favourites extends Kept {
  toggle: (kind: string) => void
  /** A service was placed. */
  used: (kind: string) => void
}

function readKept(): Kept {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Kept>
    const words = (list: unknown) => (Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : [])
    return { favourites: words(found.favourites), recent: words(found.recent) }
  } catch {
    return { favourites: [], recent: [] }
  }
}

export const useFavourites = create<Favourites>((set, get) => {
  const change = (next: Partial<Kept>) => {
    set(next)
    remember(KEY, JSON.stringify({ favourites: get().favourites, recent: get().recent }))
  }
  return {
    ...readKept(),
    toggle: (kind) => change({ favourites: get().favourites.includes(kind) ? get().favourites.filter((one) => one !== kind) : [...get().favourites, kind] }),
    used: (kind) => change({ recent: [kind, ...get().recent.filter((one) => one !== kind)].slice(0, MOST_RECENT) }),
  }
})
