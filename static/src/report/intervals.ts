/** Intervals as people read them. */

import type { Interval } from '../api/types'
import { formatQuantity } from '../format'

/** “± 3 ms (4 %)”; nothing where one sample says nothing. */
export function give(figure: Interval, unit: string): string {
  if (figure.half_width === null) return 'one sample'
  const share = figure.mean === 0 ? '' : ` (${formatQuantity(figure.half_width / Math.abs(figure.mean), 'share')})`
  return `± ${widthText(figure.half_width, figure.mean, unit)}${share}`
}

/** Half the width of an interval round a figure: a rate and its width must be in the same period to be compared. */
export function widthText(half_width: number, figure: number, unit: string): string {
  return unit === 'per_s' && Math.abs(figure) >= 0.1 ? `${formatQuantity(half_width, 'count')}/s` : formatQuantity(half_width, unit)
}
