/** Whether a figure ever was other than zero. */

import type { ReportMetric } from '../api/types'

export function happened(metric: ReportMetric | undefined): boolean {
  if (!metric) return false
  if (metric.type === 'sum') return metric.total !== 0
  return metric.type === 'gauge' ? Boolean(metric.max) || Boolean(metric.mean) || Boolean(metric.last) : (metric.count ?? 0) > 0
}
