import { ActionIcon, Button, Menu, SegmentedControl, Text, Tooltip } from '@mantine/core'
import { IconArrowLeft, IconArrowRight, IconChartLine, IconDownload, IconPin, IconTable, IconX, IconZoomReset } from '@tabler/icons-react'
import { useEffect, useMemo, type ReactNode } from 'react'
import { useShallow } from 'zustand/react/shallow'

import { useEditor } from '../../editor/store'
import { formatClock } from '../../format'
import { graphNode, nodeName } from '../hooks'
import { useRun, type LiveState } from '../runStore'
import { nodesThatMatter, shownUnit } from '../selectors'
import { AddMetric } from './AddMetric'
import { adoptBoard, move, pin, remove, useBoard } from './board'
import { Chart } from './Chart'
import { chartsOf, chosenChart, comparison, isMeasured, mainChart, type ChartSpec, type Placed } from './chartSpecs'
import { ChartTable, saveCsv } from './ChartTable'
import { useChartView } from './view'

const MOST_NODES = 6

/** A node of the run with its kind, as the charts need it. */
export function placedOf(state: Pick<LiveState, 'run' | 'services'>, id: string): Placed | undefined {
  const node = state.run?.graph?.nodes.find((one) => one.id === id)
  const service = node && state.services[node.kind]
  return node && service ? { id, name: node.name || id, service } : undefined
}

/** Charts of the nodes that are selected, or were last; several nodes are compared. Without any, the most telling chart of each node that matters most. */
export function Charts() {
  const graph = useRun((state) => state.run?.graph)
  const { onBoard, table } = useChartView(useShallow(({ onBoard, table }) => ({ onBoard, table })))
  const diagram = useEditor((state) => state.diagramId)
  useEffect(adoptBoard, [diagram])
  useKept()
  const ofNodes = useNodeCharts()
  const ofBoard = useBoardCharts()
  if (!graph) return <Text size="sm" c="dimmed">Press Run: throughput, backlog and latency are drawn here as they happen. Select a node to see all of its charts.</Text>
  const specs = onBoard ? ofBoard.map(({ spec }) => spec) : ofNodes
  return (
    <>
      <Head specs={specs} />
      {table ? <ChartTable specs={specs} /> : onBoard ? <Board charts={ofBoard} /> : <div className="live-charts">{ofNodes.map((spec) => <Chart key={spec.key} spec={spec} actions={<ToBoard spec={spec} />} />)}</div>}
    </>
  )
}

/** What is selected stays, when the selection is gone. */
function useKept(): void {
  const selected = useEditor(useShallow((state) => [...state.selection.nodes]))
  const known = useRun(useShallow((state) => selected.filter((id) => graphNode(state, id) !== undefined)))
  useEffect(() => {
    const { kept, keep } = useChartView.getState()
    if (known.length > 0 && known.join() !== kept.join()) keep(known)
  }, [known])
}

function useNodeCharts(): ChartSpec[] {
  const kept = useChartView((state) => state.kept)
  const ended = useRun((state) => state.phase === 'ended')
  const begun = useRun((state) => state.shown !== null)
  const services = useRun((state) => state.services)
  const run = useRun((state) => state.run?.graph && state.run)
  return useMemo(() => {
    const placed = (ids: readonly string[]) => ids.flatMap((id) => placedOf({ run: run ?? null, services }, id) ?? [])
    const chosen = placed(kept)
    const { latest } = useRun.getState().log
    if (chosen.length === 1) return chartsOf(chosen[0]!.service, chosen[0]!.id).filter((spec) => !latest || isMeasured(spec, chosen[0]!.service, latest))
    if (chosen.length > 1) {
      const compared = comparison(chosen)
      return compared.length > 0 ? compared : chosen.flatMap(({ id, service }) => mainChart(service, id) ?? [])
    }
    // The order is taken once a run and at its end, so that charts do not change places while numbers do.
    const ranked = ended ? nodesThatMatter(useRun.getState().shown) : (run?.graph?.nodes ?? []).map(({ id }) => id)
    return placed(ranked.slice(0, MOST_NODES)).flatMap(({ id, service }) => mainChart(service, id) ?? [])
  }, [kept, services, run?.graph, ended, begun]) // oxlint-disable-line react/exhaustive-deps
}

interface OnBoard { id: string; spec: ChartSpec }

function useBoardCharts(): OnBoard[] {
  const board = useBoard()
  const services = useRun((state) => state.services)
  const graph = useRun((state) => state.run?.graph)
  return useMemo(() => board.flatMap(({ id, series }) => {
    const spec = chosenChart(`board ${id}`, series, (node) => placedOf({ run: useRun.getState().run, services }, node))
    return spec ? [{ id, spec }] : []
  }), [board, services, graph]) // oxlint-disable-line react/exhaustive-deps
}

/** What is shown, and what can be done with all of it. */
function Head({ specs }: { specs: ChartSpec[] }) {
  const { onBoard, table, range } = useChartView(useShallow(({ onBoard, table, range }) => ({ onBoard, table, range })))
  const board = useBoard()
  const readOnly = useEditor((state) => state.readOnly)
  const view = useChartView.getState()
  return (
    <div className="live-charts-head">
      <SegmentedControl
        size="xs" aria-label="Charts shown" value={onBoard ? 'board' : 'nodes'} onChange={(chosen) => view.showBoard(chosen === 'board')}
        data={[{ value: 'nodes', label: 'Nodes' }, { value: 'board', label: board.length > 0 ? `Board ${board.length}` : 'Board' }]}
      />
      {!onBoard ? <KeptNodes /> : !readOnly && <AddMetric />}
      <span className="spacer" />
      {range && <Button size="compact-xs" variant="light" leftSection={<IconZoomReset size={14} />} onClick={() => view.zoom(null)}>{`${formatClock(range[0])} to ${formatClock(range[1])}: show all`}</Button>}
      <IconAction label={table ? 'Show as charts' : 'Show as a table'} onClick={() => view.showTable(!table)}>{table ? <IconChartLine size={16} /> : <IconTable size={16} />}</IconAction>
      <IconAction label="Download what is shown as CSV" disabled={specs.length === 0} onClick={() => saveCsv(specs)}><IconDownload size={16} /></IconAction>
    </div>
  )
}

export function IconAction({ label, onClick, disabled = false, children }: { label: string; onClick: () => void; disabled?: boolean; children: ReactNode }) {
  return <Tooltip label={label} openDelay={300}><ActionIcon variant="subtle" color="gray" size={24} aria-label={label} disabled={disabled} onClick={onClick}>{children}</ActionIcon></Tooltip>
}

/** The nodes whose charts are shown; each may be let go. */
function KeptNodes() {
  const kept = useChartView((state) => state.kept)
  const names = useRun(useShallow((state) => kept.map((id) => nodeName(state, id))))
  if (kept.length === 0) return <span className="live-charts-hint">Select a node for all its charts, or several to compare them.</span>
  const drop = (id: string) => {
    const left = kept.filter((one) => one !== id)
    useChartView.getState().keep(left)
    const { selection, select } = useEditor.getState()
    if (selection.nodes.has(id)) select([...selection.nodes].filter((one) => one !== id))
  }
  return (
    <span className="live-kept">
      {kept.map((id, place) => <span key={id} className="live-kept-node">{names[place]}<button type="button" aria-label={`No longer show ${names[place]}`} onClick={() => drop(id)}><IconX size={12} /></button></span>)}
    </span>
  )
}

/** Puts a chart's metrics on the board: as they are, or into a chart there of the same unit. */
function ToBoard({ spec }: { spec: ChartSpec }) {
  const board = useBoard()
  const fitting = useBoardUnits(board, spec.unit)
  const readOnly = useEditor((state) => state.readOnly)
  if (readOnly) return null
  if (fitting.length === 0) return <IconAction label="Add to the board" onClick={() => pin(spec.series)}><IconPin size={14} /></IconAction>
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target><ActionIcon variant="subtle" color="gray" size={24} aria-label="Add to the board"><IconPin size={14} /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => pin(spec.series)}>As a chart of its own</Menu.Item>
        {fitting.map(({ id, title }) => <Menu.Item key={id} onClick={() => pin(spec.series, id)}>Into “{title}”</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  )
}

/** The charts of the board that have this unit, with their titles. */
export function useBoardUnits(board: readonly { id: string; series: readonly { node: string; metric: string }[] }[], unit: string): { id: string; title: string }[] {
  const services = useRun((state) => state.services)
  return board.flatMap(({ id, series }) => {
    const state = { run: useRun.getState().run, services }
    const known = series.flatMap(({ node, metric }) => placedOf(state, node)?.service.metrics.find((one) => one.name === metric) ?? [])
    if (known.length === 0 || shownUnit(known[0]!) !== unit) return []
    const title = chosenChart('', series, (node) => placedOf(state, node))!.title
    return [{ id, title: series.length === 1 ? `${placedOf(state, series[0]!.node)?.name}: ${title}` : title }]
  })
}

/** The diagram's own choice of metrics; its editors change it. */
function Board({ charts }: { charts: OnBoard[] }) {
  const readOnly = useEditor((state) => state.readOnly)
  if (charts.length === 0) return <Text size="sm" c="dimmed" mt={8}>Nothing is on the board of this diagram yet.{readOnly ? '' : ' Add a metric of any node, or press the pin at a chart of a node.'}</Text>
  return (
    <div className="live-charts" role="list" aria-label="Board">
      {charts.map(({ id, spec }, place) => (
        <div key={id} role="listitem">
          <Chart
            spec={spec}
            actions={!readOnly && (
              <>
                <IconAction label="Move earlier" disabled={place === 0} onClick={() => move(id, -1)}><IconArrowLeft size={14} /></IconAction>
                <IconAction label="Move later" disabled={place === charts.length - 1} onClick={() => move(id, 1)}><IconArrowRight size={14} /></IconAction>
                <IconAction label="Remove from the board" onClick={() => remove(id)}><IconX size={14} /></IconAction>
              </>
            )}
          />
        </div>
      ))}
    </div>
  )
}
