/** Lines that show what a dragged node is in line with. */

import { ViewportPortal } from '@xyflow/react'

import type { Guide } from './guides'

export function GuideLines({ guides }: { guides: readonly Guide[] }) {
  if (guides.length === 0) return null
  return (
    <ViewportPortal>
      {guides.map((guide) => (
        <div
          key={`${guide.axis} ${guide.at}`} className="guide" data-axis={guide.axis}
          style={guide.axis === 0 ? { transform: `translate(${guide.at}px, ${guide.from}px)`, height: guide.to - guide.from } : { transform: `translate(${guide.from}px, ${guide.at}px)`, width: guide.to - guide.from }}
        />
      ))}
    </ViewportPortal>
  )
}
