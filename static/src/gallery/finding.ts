/** Which examples a search finds, and in which order topics are shown. */

import type { Example } from '../api/types'

/** The examples in which every word of the query occurs: in their texts, their topic, or the names of their services. */
export function matching(examples: Example[], query: string, wordsOf: (kind: string) => string): Example[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return examples.filter((example) => {
    const kinds = new Set(example.graph.nodes.map((node) => node.kind))
    const text = [example.title, example.summary, example.teaches, example.topic, ...[...kinds].map(wordsOf)].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** The examples by topic; a topic comes where its first example does. */
export function topicsOf(examples: Example[]): { topic: string; members: Example[] }[] {
  const topics = new Map<string, Example[]>()
  for (const example of examples) topics.set(example.topic, [...(topics.get(example.topic) ?? []), example])
  return [...topics].map(([topic, members]) => ({ topic, members }))
}
