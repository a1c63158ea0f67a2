/** Runs side by side: what differs in them, what it comes to in a sentence, charts over each other, and every figure. */

import { Button, Select, Switch, Text, TextInput } from '@mantine/core'
import { useEffect, useMemo, useState } from 'react'

import { followPorts, useCatalog } from '../api/catalog'
import { api, ApiError } from '../api/client'
import type { ComparedRuns, Graph, Report } from '../api/types'
import { Halt } from '../app/Halt'
import { formatClock, formatQuantity } from '../format'
import { widthText } from '../report/intervals'
import { choices, compareLink, differenceText, differingWords, noneWords, runIn, runsIn, VERDICT_WORDS } from './comparing'
import { OverlayChart } from './OverlayChart'
import './compare.css'

const sentence = (error: unknown) => (error instanceof ApiError ? `${error.message}. ${error.detail.hint}.` : String(error))

export function ComparePage() {
  const { runs, keys } = useMemo(() => runsIn(window.location.search), [])
  const [compared, setCompared] = useState<ComparedRuns | null>(null)
  const [reports, setReports] = useState<(Report | null)[]>([])
  const [graphs, setGraphs] = useState<(Graph | undefined)[]>([])
  const [fault, setFault] = useState<string | null>(null)
  useEffect(() => {
    if (runs.length < 2) return
    let live = true
    api.compare(runs, keys).then((found) => { if (live) setCompared(found) }, (error: unknown) => { if (live) setFault(sentence(error)) })
    void Promise.all(runs.map((run, place) => api.report(run, keys[place] || undefined).catch(() => null))).then((found) => { if (live) setReports(found) })
    void Promise.all(runs.map((run, place) => api.run(run, keys[place] || undefined).then(({ graph }) => graph, () => undefined))).then((found) => {
      if (!live) return
      setGraphs(found)
      void followPorts(found.flatMap((graph) => graph?.nodes ?? []))
    })
    return () => { live = false }
  }, [runs, keys])
  if (runs.length < 2) return <Halt title="Compare runs" text={runs.length === 0 ? 'Choose runs in the tab “Runs” of a diagram, or paste the links of two.' : 'One more run is needed.'}><AddRun runs={runs} keys={keys} /><Button component="a" href="/" variant="default" size="compact-sm">Your diagrams</Button></Halt>
  if (fault) return <Halt title="These runs cannot be compared" text={fault}><AddRun runs={[]} keys={[]} /></Halt>
  if (!compared) return <Text m="xl" c="dimmed" role="status">Loading…</Text>
  return (
    <>
      <header className="topbar"><a className="brand" href="/" aria-label="Backwater, start page">Backwater</a><span className="slash">/</span><h1 className="compare-title">Runs side by side</h1><span className="spacer" /><AddRun runs={runs} keys={keys} /></header>
      <main className="compare">
        <p className="compare-verdict" role="status">{compared.verdict}</p>
        <RunsTable compared={compared} keys={keys} />
        {!compared.pairs.slice(1).every((pairs) => pairs > 0) && <RunAgain runs={runs} keys={keys} />}
        <Differences compared={compared} graphs={graphs} />
        <Overlays compared={compared} reports={reports} />
        <Figures compared={compared} />
      </main>
    </>
  )
}

/** A field for the link of one more run. */
function AddRun({ runs, keys }: { runs: readonly string[]; keys: readonly string[] }) {
  const [text, setText] = useState('')
  const found = runIn(text)
  return (
    <form className="compare-add" onSubmit={(event) => { event.preventDefault(); if (found) window.location.assign(compareLink([...runs, found.run], [...keys, found.key])) }}>
      <TextInput size="xs" aria-label="Link of another run" placeholder={runs.length === 0 ? 'Paste the link of a run' : 'Paste the link of another run'} value={text} onChange={(event) => setText(event.currentTarget.value)} error={text !== '' && !found} />
      <Button size="xs" variant="default" type="submit" disabled={!found}>Add</Button>
    </form>
  )
}

const LETTERS = 'ABCDEF'

function RunsTable({ compared, keys }: { compared: ComparedRuns; keys: readonly string[] }) {
  return (
    <table className="report-table" aria-label="The runs">
      <thead><tr><th scope="col">Run</th><th scope="col">Name</th><th scope="col" className="num">Simulated</th><th scope="col" className="num">Seed</th><th scope="col" className="num">Replications</th><th scope="col">Engine</th><th scope="col">Compared</th></tr></thead>
      <tbody>
        {compared.runs.map((run, place) => (
          <tr key={compared.ids[place] + String(place)}>
            <td><b className="compare-letter" data-run={place}>{LETTERS[place]}</b></td>
            <td><a className="live-link" href={`/runs/${compared.ids[place]}/${keys[place] ? `?key=${encodeURIComponent(keys[place])}` : ''}`}>{run.name || 'Untitled'}</a>{run.stopped ? ' (stopped)' : ''}</td>
            <td className="num">{formatClock(run.simulated_s)}</td><td className="num">{run.seed}</td><td className="num">{run.replications}</td><td>{run.engine_version}</td>
            <td>{place === 0 ? 'the others with this one' : compared.pairs[place] ? `in ${compared.pairs[place]} pairs with the same random numbers` : 'one run each: no interval'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const REPLICATIONS = 10

/** Runs all of them again with replications from one seed, so that differences have intervals. */
function RunAgain({ runs, keys }: { runs: readonly string[]; keys: readonly string[] }) {
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<string | null>(null)
  const again = async () => {
    setBusy(true)
    setFault(null)
    try {
      const found = await Promise.all(runs.map((run, place) => api.run(run, keys[place] || undefined)))
      const seed = (found[0]?.graph?.run as { seed?: number } | undefined)?.seed ?? 1
      const started = []
      for (const run of found) if (run.graph) started.push((await api.startRun({ graph: run.graph, speed: null, run: { replications: REPLICATIONS, precision: null, seed } })).id)
      for (const id of started) {
        for (;;) {
          const { state } = await api.run(id)
          if (state === 'failed') throw new Error('One of the runs failed.')
          if (state === 'finished' || state === 'stopped') break
          await new Promise((resolve) => window.setTimeout(resolve, 700))
        }
      }
      window.location.assign(compareLink(started))
    } catch (error) {
      setFault(sentence(error))
      setBusy(false)
    }
  }
  return (
    <div className="live-row compare-again">
      <Text size="sm" c="dimmed">One run each is one sample: a difference may be chance.</Text>
      <Button size="compact-sm" variant="default" loading={busy} onClick={() => void again()}>Run each {REPLICATIONS} times with the same random numbers</Button>
      {fault && <Text size="sm" className="finding-error" role="alert">{fault}</Text>}
    </div>
  )
}

function Differences({ compared, graphs }: { compared: ComparedRuns; graphs: readonly (Graph | undefined)[] }) {
  const known = useCatalog()
  return (
    <section>
      <h2 className="live-heading">What differs in the diagrams</h2>
      {compared.differences.length === 0 ? <Text size="sm" c="dimmed">Nothing: they ran the same diagram.</Text> : (
        <table className="report-table" aria-label="What differs in the diagrams">
          <thead><tr><th scope="col">Setting</th>{compared.runs.map((_, place) => <th scope="col" key={place}>{LETTERS[place]}</th>)}</tr></thead>
          <tbody>
            {compared.differences.map(({ owner, setting, title, values }) => (
              <tr key={`${owner} ${setting}`}><td>{title}</td>{values.map((value, place) => <td key={place} className="compare-value">{differingWords(owner, setting, value, graphs[place], known) ?? <span className="compare-none">{noneWords(owner, setting)}</span>}</td>)}</tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function Overlays({ compared, reports }: { compared: ComparedRuns; reports: readonly (Report | null)[] }) {
  const all = useMemo(() => choices(reports), [reports])
  const usual = useMemo(() => strongest(compared, all), [compared, all])
  const [chosen, choose] = useState<readonly string[] | null>(null)
  const keys = chosen ?? usual
  const left = all.filter(({ node, metric }) => !keys.includes(`${node} ${metric}`))
  return (
    <section>
      <h2 className="live-heading">Over time</h2>
      <div className="compare-charts">
        {keys.map((key) => {
          const one = all.find(({ node, metric }) => `${node} ${metric}` === key)
          return one && <OverlayChart key={key} choice={one} reports={reports} letters={LETTERS} remove={() => choose(keys.filter((other) => other !== key))} />
        })}
      </div>
      <Select size="xs" w={320} aria-label="Add a chart" placeholder="Add a chart" searchable value={null} data={left.map(({ node, metric, label }) => ({ value: `${node} ${metric}`, label }))} onChange={(next) => { if (next) choose([...keys, next]) }} />
    </section>
  )
}

const USUAL_CHARTS = 4

/** The series whose means differ most between the runs, as a share of the larger. */
function strongest(compared: ComparedRuns, all: readonly { node: string; metric: string }[]): string[] {
  const known = new Set(all.map(({ node, metric }) => `${node} ${metric}`))
  const found = new Map<string, number>()
  for (const { figure, cells, primary } of compared.figures) {
    if (!primary || figure[0] !== 'nodes' || figure[2] !== 'metrics') continue
    const key = `${figure[1]} ${figure[3]}`
    const values = cells.map(({ value }) => Math.abs(value ?? 0))
    const [least, most] = [Math.min(...values), Math.max(...values)]
    if (known.has(key) && most > 0) found.set(key, Math.max(found.get(key) ?? 0, (most - least) / most))
  }
  return [...found.entries()].sort((one, other) => other[1] - one[1]).slice(0, USUAL_CHARTS).map(([key]) => key)
}

function Figures({ compared }: { compared: ComparedRuns }) {
  const [everything, setEverything] = useState(false)
  const [sought, seek] = useState('')
  const words = sought.trim().toLowerCase()
  const rows = compared.figures.filter(({ title, primary, cells }) => (everything || (primary && cells.some(({ value }) => value !== null && value !== 0))) && title.toLowerCase().includes(words))
  return (
    <section>
      <div className="live-row compare-tools">
        <h2 className="live-heading">Figures</h2>
        <TextInput size="xs" aria-label="Find a figure" placeholder="Find a figure" value={sought} onChange={(event) => seek(event.currentTarget.value)} />
        <Switch size="xs" label="All figures" checked={everything} onChange={(event) => setEverything(event.currentTarget.checked)} />
      </div>
      <table className="report-table" aria-label="Figures">
        <thead><tr><th scope="col">Figure</th>{compared.runs.flatMap((_, place) => [<th scope="col" className="num" key={`v${place}`}>{LETTERS[place]}</th>, ...(place > 0 ? [<th scope="col" className="num" key={`d${place}`}>{LETTERS[place]} less A</th>] : [])])}</tr></thead>
        <tbody>
          {rows.map(({ figure, title, unit, cells }) => (
            <tr key={figure.join('/')}>
              <td>{title}</td>
              {cells.flatMap((cell, place) => [
                <td className="num" key={`v${place}`}>{formatQuantity(cell.mean ?? cell.value, unit)}{cell.half_width !== null && <small> ± {widthText(cell.half_width, cell.mean ?? 0, unit)}</small>}</td>,
                ...(place > 0 ? [<td className="num" key={`d${place}`} data-verdict={cell.verdict ?? undefined} title={cell.verdict ? VERDICT_WORDS[cell.verdict] : undefined}>{differenceText(cell, unit) || '–'}{cell.verdict === 'open' && <small> not certain</small>}</td>] : []),
              ])}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <Text size="sm" c="dimmed">No figure has this name.</Text>}
      <Text size="xs" c="dimmed" mt={6}>± is the {formatQuantity(compared.confidence, 'share')} interval over the replications; of a difference, over pairs of runs that met the same random numbers. “Not certain”: the interval holds 0.</Text>
    </section>
  )
}
