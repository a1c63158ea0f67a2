/** Which part of the left panel is shown. */

import { create } from 'zustand'

interface LeftPanel { tab: 'palette' | 'outline' }

export const useLeftPanel = create<LeftPanel>(() => ({ tab: 'palette' }))
