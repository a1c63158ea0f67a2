import { Text } from '@mantine/core'

import { formatQuantity } from '../format'
import { causeName, serviceOf } from '../live/hooks'
import { NodeLink } from '../live/NodeLink'
import { useRun } from '../live/runStore'
import type { Frame } from '../live/shapes'
import { ledgerOf, type LedgerRow } from './ledger'

const TITLES: Record<LedgerRow['kind'], string> = { lost: 'Lost', refused: 'Refused', trouble: 'Counted as trouble' }

/** Every message accounted for, and every loss, refusal and throttle by where it happened; at the moment shown. */
export function LedgerPart({ shown }: { shown: Frame }) {
  const state = useRun.getState()
  const { created, finished, lost, unfinished } = shown.totals
  const rows = ledgerOf(shown, state.run?.graph, (node) => serviceOf(state, node), (node, cause) => state.report?.nodes[node]?.losses.find((loss) => loss.cause === cause)?.title ?? causeName(state, node, cause))
  return (
    <>
      <Text size="sm" mb={4}>{formatQuantity(created, 'messages')} created = {formatQuantity(finished, 'messages')} finished + {formatQuantity(lost, 'messages')} lost + {formatQuantity(unfinished, 'messages')} still under way</Text>
      {rows.length === 0 ? <Text size="sm" c="dimmed">Nothing is lost, and nothing was refused or throttled.</Text> : (
        <table className="report-table ledger">
          <thead><tr><th scope="col">What</th><th scope="col">Where</th><th scope="col" className="num">How often</th></tr></thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.kind} ${row.node} ${row.to} ${row.title}`} data-kind={row.kind}>
                <td>{row.kind === 'trouble' ? row.title : row.kind === 'lost' ? `${TITLES.lost}: ${row.title}` : TITLES.refused}</td>
                <td><NodeLink node={row.node} />{row.to && <> from <NodeLink node={row.to} /></>}</td>
                <td className="num">{formatQuantity(row.count, row.unit)}{row.kind === 'lost' && created > 0 && <small> {formatQuantity(row.count / created, 'share')}</small>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}
