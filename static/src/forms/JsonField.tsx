/** A value that is JSON, in a code editor that knows the field's schema; it is handed on when the field is left. */

import { Text } from '@mantine/core'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'

import type { Schema } from '../api/types'
import { jsonText } from '../definitions/jsonPlace'
import type { InputProps } from './fields'

// The code editor is large, and most visits never open one.
const CodeEditor = lazy(() => import('../definitions/CodeEditor'))

const isEmpty = (value: unknown) => value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)

export function JsonField({ id, label, field, value, onChange, disabled }: InputProps) {
  const shown = isEmpty(value) ? '' : jsonText(value)
  const [text, setText] = useState(shown)
  const [fault, setFault] = useState<string | null>(null)
  useEffect(() => { setText(shown); setFault(null) }, [shown])
  const schema = useMemo((): Schema => ({ ...field.schema, $defs: field.root.$defs ?? {} }), [field.schema, field.root])
  const take = () => {
    if (text === shown) { setFault(null); return }
    if (text.trim() === '') {
      setFault(null)
      onChange(field.nullable ? null : (field.schema.default ?? {}))
      return
    }
    try {
      const next = JSON.parse(text) as unknown
      setFault(null)
      onChange(next)
    } catch (error) {
      setFault(`Not JSON: ${(error as Error).message}`)
    }
  }
  return (
    <div id={id} onKeyDown={(event) => event.stopPropagation()} data-faulty={fault !== null || undefined} className="json-field">
      <Suspense fallback={<pre className="code">{text}</pre>}>
        <CodeEditor inline empty={field.schema.type === 'array' ? 'None. As JSON: [ … ]' : 'None. As JSON: { … }'} text={text} label={label} disabled={disabled} schema={schema} onChange={setText} onBlur={take} />
      </Suspense>
      {fault && <Text size="xs" className="finding-error" role="alert">{fault}</Text>}
    </div>
  )
}
