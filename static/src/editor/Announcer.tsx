/** Tells those who do not see the canvas what has just changed on it, and what becomes of the run. */

import { useEffect } from 'react'

import { useCatalog } from '../api/catalog'
import { runSentence, useRun } from '../live'
import { sentenceOn } from './differences'
import { say, useSaid } from './said'
import { travelling, useEditor } from './store'

export function Announcer() {
  const { text, number } = useSaid()
  useEffect(() => useRun.subscribe((state, before) => say(runSentence(before, state))), [])
  useEffect(() => useEditor.subscribe((state, before) => {
    if (state.graph === before.graph || state.diagramId !== before.diagramId) return
    const sentence = sentenceOn(before.graph, state.graph, useCatalog.getState().services, useCatalog.getState().run)
    const travel = travelling()
    say(travel ? `${travel}: ${sentence || 'a change'}` : sentence)
  }), [])
  useEffect(() => () => useSaid.setState({ text: '' }), [])
  // Only what is added to a log is read, so the same sentence again is an element of its own.
  return <div className="visually-hidden" role="log" aria-live="polite" aria-label="Changes"><p key={number}>{text}</p></div>
}
