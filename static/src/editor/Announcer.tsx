/** Tells those who do not see the canvas what has just changed on it. */

import { useEffect, useState } from 'react'

import { useCatalog } from '../api/catalog'
import { sentenceOn } from './differences'
import { useEditor } from './store'

export function Announcer() {
  const [text, setText] = useState('')
  useEffect(() => useEditor.subscribe((state, before) => {
    if (state.graph === before.graph || state.diagramId !== before.diagramId) return
    const sentence = sentenceOn(before.graph, state.graph, useCatalog.getState().services)
    if (sentence) setText(sentence)
  }), [])
  return <div className="visually-hidden" role="log" aria-live="polite" aria-label="Changes">{text}</div>
}
