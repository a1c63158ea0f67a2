/** Intervals as people read them. */

import type { Interval } from '../api/types'
import { formatQuantity } from '../format'

/** “± 3 ms (4 %)”; nothing where one sample says nothing. */
export function give(figure: Interval, unit: string): string {
  if (figure.half_width === null) return 'one sample'
  const share = figure.mean === 0 ? '' : ` (${formatQuantity(figure.half_width / Math.abs(figure.mean), 'share')})`
  // A rate and its width must be in the same period to be compared.
  const width = unit === 'per_s' && figure.mean >= 0.1 ? `${formatQuantity(figure.half_width, 'count')}/s` : formatQuantity(figure.half_width, unit)
  return `± ${width}${share}`
}
