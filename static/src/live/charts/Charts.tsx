import { Text } from '@mantine/core'
import { useMemo } from 'react'
import { useShallow } from 'zustand/react/shallow'

import { graphNode } from '../hooks'
import { useRun } from '../runStore'
import { useSelectedNode } from '../selection'
import { nodesThatMatter } from '../selectors'
import { Chart } from './Chart'
import { chartsOf, mainChart } from './chartSpecs'

const MOST_NODES = 6

/** All charts of the selected node; without one, the most telling chart of each node that matters most. */
export function Charts() {
  const selected = useSelectedNode()
  const known = useRun((state) => selected !== null && graphNode(state, selected) !== undefined)
  // The order is taken once a run, at its end and when looking back, so that charts do not change places while numbers do.
  const matter = useRun(useShallow((state) => (state.run?.graph?.nodes ?? []).map(({ id }) => id)))
  const ended = useRun((state) => state.phase === 'ended')
  const services = useRun((state) => state.services)
  const graph = useRun((state) => state.run?.graph)
  const specs = useMemo(() => {
    const serviceOf = (id: string) => services[graph?.nodes.find((node) => node.id === id)?.kind ?? '']
    if (known && selected) {
      const service = serviceOf(selected)
      return service ? chartsOf(service, selected) : []
    }
    const ranked = ended ? nodesThatMatter(useRun.getState().shown) : matter
    return ranked.slice(0, MOST_NODES).flatMap((id) => {
      const service = serviceOf(id)
      return service ? mainChart(service, id) ?? [] : []
    })
  }, [known, selected, services, graph, matter, ended])
  if (!graph) return <Text size="sm" c="dimmed">Press Run: throughput, backlog and latency are drawn here as they happen. Select a node to see all of its charts.</Text>
  return <div className="live-charts">{specs.map((spec) => <Chart key={spec.key} spec={spec} />)}</div>
}
