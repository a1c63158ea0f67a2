/** Takes the diagram out of the editor: as a picture, as JSON, as Mermaid; into a file or the clipboard. */

import { Button, Group, Modal, SegmentedControl, Stack, Switch, Text } from '@mantine/core'
import { useState } from 'react'

import { useCatalog } from '../api/catalog'
import type { Service } from '../api/types'
import { iconUrl } from '../app/icons'
import { useNaming } from '../app/naming'
import { printAlone } from '../app/printing'
import { coloursShown, mermaidOf, PAPER, pngOf, svgOf } from './picture'
import { useStage } from './stage'
import { useEditor } from './store'

type Format = 'png' | 'svg' | 'json' | 'mermaid'

const TYPES: Record<Format, string> = { png: 'image/png', svg: 'image/svg+xml', json: 'application/json', mermaid: 'text/plain' }
const ENDINGS: Record<Format, string> = { png: 'png', svg: 'svg', json: 'json', mermaid: 'mmd' }

/** The icons of these kinds as data addresses. */
async function iconsOf(kinds: Iterable<string>, services: Record<string, Service>): Promise<Record<string, string>> {
  if (useNaming.getState().neutral) return {}
  const entries = await Promise.all([...new Set(kinds)].map(async (kind): Promise<[string, string][]> => {
    const url = iconUrl(services[kind]?.icon ?? '')
    if (!url) return []
    const text = await (await fetch(url)).text()
    return [[kind, `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`]]
  }))
  return Object.fromEntries(entries.flat())
}

/** The diagram in a format. */
async function made(format: Format, scale: number, transparent: boolean): Promise<Blob> {
  const { graph } = useEditor.getState()
  const { services } = useCatalog.getState()
  if (format === 'json') return new Blob([JSON.stringify(graph, null, 2)], { type: TYPES.json })
  if (format === 'mermaid') return new Blob([mermaidOf(graph, services)], { type: TYPES.mermaid })
  const svg = svgOf(graph, services, await iconsOf(graph.nodes.map((node) => node.kind), services), coloursShown(), transparent)
  return format === 'svg' ? new Blob([svg], { type: TYPES.svg }) : pngOf(svg, scale)
}

/** Hand a file to the browser to keep. */
export function download(blob: Blob, ending: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = `${useEditor.getState().graph.name || 'diagram'}.${ending}`
  link.click()
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** Print the whole diagram: its picture, as large as the paper allows. */
export async function printDiagram(): Promise<void> {
  const { graph } = useEditor.getState()
  const { services } = useCatalog.getState()
  const sheet = document.createElement('img')
  sheet.className = 'print-diagram'
  sheet.alt = graph.name
  sheet.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgOf(graph, services, await iconsOf(graph.nodes.map((node) => node.kind), services), PAPER, true))}`
  try {
    await sheet.decode()
  } catch {
    return useStage.setState({ reason: { text: 'The picture is too large for this browser to print. Export it as SVG instead.', from: null, to: '', bridges: [] } })
  }
  document.querySelector('.print-diagram')?.remove()
  document.body.append(sheet)
  const end = printAlone('diagram', () => { end(); sheet.remove() })
}

export function ExportDialog() {
  const opened = useStage((state) => state.dialog === 'export')
  const [format, setFormat] = useState<Format>('png')
  const [scale, setScale] = useState('2')
  const [transparent, setTransparent] = useState(false)
  const [told, setTold] = useState<string | null>(null)
  const close = () => { useStage.setState({ dialog: null }); setTold(null) }
  const attempt = async (work: () => Promise<string>) => {
    try {
      setTold(await work())
    } catch (error) {
      setTold(error instanceof Error ? error.message : String(error))
    }
  }
  const save = () => attempt(async () => { download(await made(format, Number(scale), transparent), ENDINGS[format]); return 'Saved to your downloads.' })
  const copy = () => attempt(async () => {
    const blob = await made(format, Number(scale), transparent)
    if (format === 'png') await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })])
    else await navigator.clipboard.writeText(await blob.text())
    return 'Copied.'
  })
  const print = () => { close(); void printDiagram() }
  return (
    <Modal opened={opened} onClose={close} title="Export" size="md">
      <Stack gap={14}>
        <SegmentedControl value={format} onChange={(next) => { setFormat(next as Format); setTold(null) }} data={[{ value: 'png', label: 'PNG' }, { value: 'svg', label: 'SVG' }, { value: 'json', label: 'JSON' }, { value: 'mermaid', label: 'Mermaid' }]} aria-label="Format" />
        {format === 'png' && <SegmentedControl size="xs" value={scale} onChange={setScale} data={['1', '2', '3', '4'].map((value) => ({ value, label: `${value}×` }))} aria-label="Scale" />}
        {(format === 'png' || format === 'svg') && <Switch label="Transparent background" checked={transparent} onChange={(event) => setTransparent(event.currentTarget.checked)} />}
        <Text size="xs" c="dimmed">{format === 'json' ? 'The whole diagram; drop the file on a canvas or on the start page to open it again.' : format === 'mermaid' ? 'A flowchart for documents that know Mermaid; places and parameters are left out.' : 'In the colours shown now.'}</Text>
        <Group gap={8}><Button size="sm" onClick={() => void save()}>Download</Button><Button size="sm" variant="default" onClick={() => void copy()}>Copy</Button><Button size="sm" variant="subtle" color="gray" onClick={print}>Print…</Button></Group>
        <Text size="sm" role="status">{told}</Text>
      </Stack>
    </Modal>
  )
}
