/** Settings that a diagram has and that are not offered where they are: each says why, and can be removed. */

import { Button, Group, Stack, Text } from '@mantine/core'

import type { Finding, Schema, Values } from '../api/types'
import { valueWords } from './words'

interface Props { schema: Schema | null | undefined; values: Values; findings: readonly Finding[]; disabled: boolean; remove: (name: string) => void }

export function Leftovers({ schema, values, findings, disabled, remove }: Props) {
  const names = Object.keys(values).filter((name) => !(name in (schema?.properties ?? {})))
  if (names.length === 0) return null
  return (
    <Stack gap={8} component="section" aria-label="Not offered here">
      <h3 className="section-title">Not offered here</h3>
      {names.map((name) => (
        <div key={name} className="field field-wide">
          <Group gap={8} justify="space-between" wrap="nowrap">
            <Text size="sm" className="leftover"><code>{name}</code>: {valueWords(values[name])}</Text>
            {!disabled && <Button size="compact-xs" variant="default" flex="none" aria-label={`Remove ${name}`} onClick={() => remove(name)}>Remove</Button>}
          </Group>
          {findings.filter((finding) => finding.parameter === name).map((finding) => <Text key={finding.message} size="xs" className={`field-finding finding-${finding.severity}`}>{finding.message}. {finding.hint}.</Text>)}
        </div>
      ))}
    </Stack>
  )
}
