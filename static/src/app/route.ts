/** The address of the page, which may change without the page being loaded anew. */

import { create } from 'zustand'

export const useRoute = create<{ pathname: string }>(() => ({ pathname: window.location.pathname }))

window.addEventListener('popstate', () => useRoute.setState({ pathname: window.location.pathname }))

/** Go to another address within the page. */
export function navigate(path: string): void {
  window.history.pushState(null, '', path)
  useRoute.setState({ pathname: window.location.pathname })
}
