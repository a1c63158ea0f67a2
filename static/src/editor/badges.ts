/** What a node's card says of its findings. */

import type { Finding } from '../api/types'

const SEVERITIES = ['error', 'warning'] as const

export interface Badge { severity: (typeof SEVERITIES)[number]; text: string }

const badges = new WeakMap<readonly Finding[], Map<string, Badge>>()

/** The badge of a node: its errors, or else its warnings. */
export function worst(findings: readonly Finding[], id: string): Badge | undefined {
  let found = badges.get(findings)
  if (!found) {
    found = new Map()
    for (const severity of SEVERITIES) {
      for (const finding of findings) {
        if (finding.severity !== severity || !finding.node) continue
        const badge = found.get(finding.node)
        if (!badge) found.set(finding.node, { severity, text: finding.message })
        else if (badge.severity === severity) badge.text += `\n${finding.message}`
      }
    }
    badges.set(findings, found)
  }
  return found.get(id)
}
