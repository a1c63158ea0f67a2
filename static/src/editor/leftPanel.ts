/** Which part of the left panel is shown. */

import { flushSync } from 'react-dom'
import { create } from 'zustand'

/** `asked` counts how often it was to be shown: a hidden panel opens then. */
interface LeftPanel { tab: 'palette' | 'outline'; asked: number }

export const useLeftPanel = create<LeftPanel>(() => ({ tab: 'palette', asked: 0 }))

/** Show a part of the left panel. It is there at once, so that what is typed next arrives in it. */
export function showLeft(tab: LeftPanel['tab']): void {
  flushSync(() => useLeftPanel.setState(({ asked }) => ({ tab, asked: asked + 1 })))
}
