/** What can be placed: every kind of the catalog by its group; searched, dragged, or added by click or Enter. */

import { ActionIcon, Text, TextInput, Tooltip } from '@mantine/core'
import { IconSearch, IconX } from '@tabler/icons-react'
import { useReactFlow } from '@xyflow/react'
import { Fragment, forwardRef, useState } from 'react'

import { useCatalog } from '../api/catalog'
import type { Service } from '../api/types'
import { ServiceIcon } from '../app/icons'
import { DRAG_KIND } from './Canvas'
import { CARD, positionOf, type Point } from './graph'
import { PresetItems } from './PresetItems'
import { presetsFound } from './presets'
import { useEditor } from './store'

/** A free place near `wanted`: not on top of another card. */
export function freePlace(wanted: Point, taken: readonly Point[]): Point {
  const place: Point = [...wanted]
  while (taken.some(([x, y]) => Math.abs(x - place[0]) < CARD.width && Math.abs(y - place[1]) < CARD.height)) place[1] += CARD.height + 36
  return place
}

function matches(service: Service, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  return [service.title, service.neutral_title, service.group, service.kind, service.summary].some((word) => word.toLowerCase().includes(wanted))
}

export const Palette = forwardRef<HTMLInputElement>(function Palette(_, searchRef) {
  const [text, setText] = useState('')
  const { services, order } = useCatalog()
  const flow = useReactFlow()
  const all = order.map((kind) => services[kind]!)
  const presets = Object.fromEntries(all.map((service) => [service.kind, presetsFound(service, text, matches(service, text))]))
  const found = all.filter((service) => matches(service, text) || presets[service.kind]!.length > 0)
  const groups = [...new Set(found.map((service) => service.group))]

  const add = (kind: string, preset?: string) => {
    const box = document.querySelector('.canvas')?.getBoundingClientRect()
    const { x, y } = flow.screenToFlowPosition({ x: (box?.left ?? 0) + (box?.width ?? 800) / 2, y: (box?.top ?? 0) + (box?.height ?? 500) / 2 })
    const { graph } = useEditor.getState()
    useEditor.getState().addNode(kind, freePlace([x - CARD.width / 2, y - CARD.height / 2], graph.nodes.map((node) => positionOf(graph, node.id))), preset)
  }

  return (
    <nav className="panel-scroll" aria-label="Services">
      <TextInput
        ref={searchRef} size="xs" placeholder="Search services   /" aria-label="Search services" value={text} onChange={(event) => setText(event.currentTarget.value)} leftSection={<IconSearch size={14} />}
        rightSection={text && <ActionIcon size="xs" variant="subtle" color="gray" aria-label="Clear search" onClick={() => setText('')}><IconX size={12} /></ActionIcon>}
        onKeyDown={(event) => {
          event.stopPropagation()
          if (event.key === 'Enter' && found[0]) add(found[0].kind, matches(found[0], text) ? undefined : presets[found[0].kind]![0]!.name)
          if (event.key === 'Escape') { setText(''); event.currentTarget.blur() }
        }}
      />
      {groups.map((group) => (
        <section key={group} aria-label={group}>
          <h2 className="palette-group">{group}</h2>
          {found.filter((service) => service.group === group).map((service) => (
            <Fragment key={service.kind}>
              <Tooltip label={service.summary} position="right" openDelay={600} multiline maw={260}>
                <button
                  type="button" className="palette-item" draggable aria-label={`Add ${service.title}`}
                  onDragStart={(event) => { event.dataTransfer.setData(DRAG_KIND, service.kind); event.dataTransfer.effectAllowed = 'copy' }}
                  onClick={() => add(service.kind)}
                >
                  <ServiceIcon kind={service.kind} size={22} /> {service.title}
                </button>
              </Tooltip>
              <PresetItems service={service} presets={presets[service.kind]!} add={add} />
            </Fragment>
          ))}
        </section>
      ))}
      {found.length === 0 && <Text size="sm" c="dimmed" mt="md">No service matches “{text}”.</Text>}
    </nav>
  )
})
