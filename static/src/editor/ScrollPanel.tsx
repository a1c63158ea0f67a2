/** A part of the inspector that scrolls: reachable and scrolled by keyboard, whether or not anything in it can be focused. */

import type { ReactNode } from 'react'

export function ScrollPanel({ label, children }: { label: string; children: ReactNode }) {
  return <div className="panel-scroll" role="region" aria-label={label} tabIndex={0}>{children}</div>
}
