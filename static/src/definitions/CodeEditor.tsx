/** A code editor for JSON and YAML, with problems marked where they are. */

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint'
import { Compartment, EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'

import type { DefinitionAnswer, Schema } from '../api/types'
import { completion } from './completion'

type Problem = DefinitionAnswer['problems'][number]

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' }, { tag: [tags.string, tags.content], color: 'var(--text)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--amber)' }, { tag: tags.comment, color: 'var(--muted)' },
])

const looks = EditorView.theme({
  '&': { height: '100%', fontSize: '12.5px', backgroundColor: 'var(--surface)', color: 'var(--text)' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.5' },
  '.cm-gutters': { backgroundColor: 'var(--subtle)', color: 'var(--muted)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--accent) 7%, transparent)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'color-mix(in srgb, var(--accent) 22%, transparent)' },
  '.cm-placeholder': { color: 'var(--muted)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line)' },
})

/** JSON begins with a brace; everything else is read as YAML. */
export const isJson = (text: string) => /^\s*[{[]/.test(text)

/** Where a problem stands in a text: its line from the column on; the first line if it has no place. */
export function spanOf(text: string, problem: Pick<Problem, 'line' | 'column'>): { from: number; to: number } {
  const lines = text.split('\n')
  const line = Math.min(Math.max(1, problem.line ?? 1), lines.length)
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0)
  const length = lines[line - 1]!.length
  const from = before + Math.min(Math.max(0, (problem.column ?? 1) - 1), length)
  return { from, to: Math.max(from, before + length) }
}

interface Props {
  text: string
  problems?: readonly Problem[]
  disabled: boolean
  label: string
  onChange: (text: string) => void
  goTo?: { line: number; asked: number } | null
  /** JSON by this schema: what it offers is shown while one types. */
  schema?: Schema | undefined
  /** A field among others: it does not take the keyboard, and has no numbers of lines. */
  inline?: boolean
  onBlur?: () => void
  /** What is said while there is no text. */
  empty?: string
}

const NO_PROBLEMS: readonly Problem[] = []

export default function CodeEditor({ text, problems = NO_PROBLEMS, disabled, label, onChange, goTo = null, schema, inline = false, onBlur, empty = '' }: Props) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const told = useRef(onChange)
  told.current = onChange
  const left = useRef(onBlur)
  left.current = onBlur

  useEffect(() => {
    const language = new Compartment()
    let wasJson = schema !== undefined || inline || isJson(text)
    const made = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: text,
        extensions: [
          inline ? [] : [lineNumbers(), foldGutter(), highlightActiveLine(), lintGutter()], history(), drawSelection(), placeholder(empty), indentOnInput(), schema ? completion(schema) : [], bracketMatching(), syntaxHighlighting(colours), looks,
          language.of(wasJson ? json() : yaml()), keymap.of([...defaultKeymap, ...historyKeymap, ...foldKeymap]), EditorState.readOnly.of(disabled), EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label }), EditorView.domEventHandlers({ blur: () => { left.current?.(); return false } }),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged) return
            const now = update.state.doc.toString()
            if (!schema && !inline && isJson(now) !== wasJson) {
              wasJson = !wasJson
              queueMicrotask(() => made.dispatch({ effects: language.reconfigure(wasJson ? json() : yaml()) }))
            }
            told.current(now)
          }),
        ],
      }),
    })
    view.current = made
    if (!inline) made.focus()
    return () => made.destroy()
    // The editor holds the text from here on; only an upload or a reset replaces it (below).
  }, [disabled, inline, label, schema, empty])

  useEffect(() => {
    const now = view.current
    if (now && now.state.doc.toString() !== text) now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: text } })
  }, [text])

  useEffect(() => {
    const now = view.current
    if (!now) return
    const doc = now.state.doc.toString()
    const marks = problems.map((problem): Diagnostic => ({ ...spanOf(doc, problem), severity: problem.severity, message: problem.message }))
    now.dispatch(setDiagnostics(now.state, marks))
  }, [problems])

  useEffect(() => {
    const now = view.current
    if (!now || !goTo) return
    const line = now.state.doc.line(Math.min(Math.max(1, goTo.line), now.state.doc.lines))
    now.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: 'center' }) })
    now.focus()
  }, [goTo])

  return <div className="code-editor" data-inline={inline || undefined} ref={host} />
}
