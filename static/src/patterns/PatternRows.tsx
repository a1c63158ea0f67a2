/** The rows of a pattern: those that all hold, and sets of rows of which one holds. */

import { ActionIcon, Autocomplete, Button, Select, Text } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'

import { BARE, OPERATORS, type Faults, type Operator, type Row, type Rows } from './rows'

/** The values that the diagram's messages have, by field. */
type Fields = ReadonlyMap<string, ReadonlySet<unknown>>

interface Props { rows: Rows; /** Whether it is a list of patterns instead of one. */ many: boolean; fields: Fields; faults: Faults; disabled: boolean; change: (rows: Rows) => void }

/** What a row's value may look like. */
const EXAMPLES: Partial<Record<Operator, string>> = { is: 'order, refund', 'is-not': 'test', numeric: '>= 10, < 20', cidr: '10.0.0.0/24', wildcard: 'eu-*', prefix: 'eu-', suffix: '.png' }

const fresh = (): Row => ({ path: '', operator: 'is', value: '' })

export function PatternRows({ rows, many, fields, faults, disabled, change }: Props) {
  const { all, either } = rows
  const word = many ? 'Pattern' : 'Alternative'
  const setEither = (next: Rows['either']) => change({ ...rows, either: next })
  // What is left of alternatives when one remains holds like the other rows.
  const remove = (place: number) => {
    const left = either.filter((_, other) => other !== place)
    change(!many && left.length < 2 ? { all: [...all, ...left.flat()], either: [], at: '' } : { ...rows, either: left })
  }
  const shared = { fields, faults, disabled }
  return (
    <>
      {!many && <h3 className="section-title">All of these hold</h3>}
      {!many && <RowList {...shared} rows={all} name="Condition" change={(next) => change({ ...rows, all: next })} empty={either.length === 0 ? 'Without a condition, every message matches.' : ''} />}
      {(many || either.length > 0) && <h3 className="section-title">{many ? 'One of these patterns matches' : all.length > 0 ? 'And one of these' : 'One of these holds'}</h3>}
      {many && either.length === 0 && <Text size="sm" c="dimmed">Without a pattern, every message matches.</Text>}
      {either.map((some, place) => (
        <div className="pattern-alternative" key={place} role="group" aria-label={`${word} ${place + 1}`}>
          <div className="pattern-alternative-head">
            <span>{word} {place + 1}</span>
            {!disabled && <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Remove ${word.toLowerCase()} ${place + 1}`} onClick={() => remove(place)}><IconTrash size={14} /></ActionIcon>}
          </div>
          <RowList {...shared} rows={some} name={`${word} ${place + 1}, condition`} change={(next) => setEither(either.map((one, other) => (other === place ? next : one)))} empty="" />
        </div>
      ))}
      {!disabled && <Button size="compact-xs" variant="default" leftSection={<IconPlus size={13} />} mt={6} onClick={() => setEither([...either, [fresh()], ...(many || either.length > 0 ? [] : [[fresh()]])])}>{many ? 'Add a pattern' : either.length > 0 ? 'Add an alternative' : 'Add alternatives'}</Button>}
    </>
  )
}

interface ListProps extends Pick<Props, 'fields' | 'faults' | 'disabled'> { rows: readonly Row[]; name: string; empty: string; change: (rows: readonly Row[]) => void }

function RowList({ rows, name, empty, fields, faults, disabled, change }: ListProps) {
  const set = (index: number, next: Partial<Row>) => change(rows.map((row, place) => (place === index ? { ...row, ...next } : row)))
  return (
    <>
      {rows.length === 0 && empty && <Text size="sm" c="dimmed" mb={6}>{empty}</Text>}
      {rows.map((row, index) => {
        const label = `${name} ${index + 1}`
        const values = [...(fields.get(row.path) ?? [])].map(String)
        return (
          <div className="pattern-row" key={index} role="group" aria-label={label}>
            <span className="pattern-joint">{index === 0 ? '' : rows[index - 1]!.path === row.path ? 'or' : 'and'}</span>
            <Autocomplete size="xs" aria-label={`${label}: field`} placeholder="field" data={[...fields.keys()]} value={row.path} disabled={disabled} onChange={(path) => set(index, { path })} />
            <Select size="xs" aria-label={`${label}: operator`} data={Object.entries(OPERATORS).map(([value, words]) => ({ value, label: words }))} value={row.operator} allowDeselect={false} disabled={disabled} onChange={(operator) => { if (operator) set(index, { operator: operator as Operator }) }} />
            {BARE.has(row.operator) ? <span /> : <Autocomplete size="xs" aria-label={`${label}: value`} placeholder={EXAMPLES[row.operator] ?? 'value'} data={row.operator === 'is' || row.operator === 'is-not' ? values : []} value={row.value} disabled={disabled} onChange={(value) => set(index, { value })} error={row.path && row.value ? faults.get(row) : undefined} />}
            {!disabled && <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Remove ${label.charAt(0).toLowerCase()}${label.slice(1)}`} onClick={() => change(rows.filter((_, place) => place !== index))}><IconTrash size={14} /></ActionIcon>}
          </div>
        )
      })}
      {!disabled && <Button size="compact-xs" variant="default" leftSection={<IconPlus size={13} />} mr={6} onClick={() => change([...rows, fresh()])}>Add a condition</Button>}
    </>
  )
}
