/** Whether services are shown by AWS's names and icons, or by neutral ones: for those whose subject is not AWS. Kept by the browser. */

import { create } from 'zustand'

import type { Service } from '../api/types'
import { remember } from './remember'

const KEY = 'backwater.names'

interface Naming { neutral: boolean; toggle: () => void }

export const useNaming = create<Naming>((set, get) => ({
  neutral: localStorage.getItem(KEY) === 'neutral',
  toggle: () => {
    set({ neutral: !get().neutral })
    remember(KEY, get().neutral ? 'neutral' : 'aws')
  },
}))

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** What a service is called, in full. */
export const titleOf = (service: Service, neutral: boolean): string => (neutral ? capital(service.neutral_title) : service.title)

/** What a kind is called now where there is little room; one that is not known has no name but its own. */
export const shownTitle = (service: Service | undefined, kind: string): string => (service ? shortTitleOf(service, useNaming.getState().neutral) : kind)

/** What a service is called where there is little room. */
export const shortTitleOf = (service: Service, neutral: boolean): string => (neutral ? capital(service.neutral_title) : service.short_title)
