/** What can be placed: every kind of the catalog by its group; searched, dragged, or added by click or Enter. */

import { ActionIcon, Text, TextInput, Tooltip } from '@mantine/core'
import { IconSearch, IconStar, IconStarFilled, IconX } from '@tabler/icons-react'
import { useReactFlow } from '@xyflow/react'
import { Fragment, forwardRef, useState } from 'react'

import { useCatalog } from '../api/catalog'
import type { Service } from '../api/types'
import { ServiceIcon } from '../app/icons'
import { titleOf, useNaming } from '../app/naming'
import { useFavourites } from './favourites'
import { CARD, positionOf } from './graph'
import { freePlace } from './places'
import { carrying } from './placing'
import { PresetItems } from './PresetItems'
import { presetsFound } from './presets'
import { useStage } from './stage'
import { useEditor } from './store'

function matches(service: Service, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  return [service.title, service.neutral_title, service.group, service.kind, service.summary].some((word) => word.toLowerCase().includes(wanted))
}

export const Palette = forwardRef<HTMLInputElement>(function Palette(_, searchRef) {
  const [text, setText] = useState('')
  const { services, order } = useCatalog()
  const favourites = useFavourites((state) => state.favourites)
  // As it was when the page was opened: nothing in the list may move while it is used.
  const [recent] = useState(() => useFavourites.getState().recent)
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
    <nav className="panel-scroll palette" aria-label="Services">
      <TextInput
        ref={searchRef} size="xs" placeholder="Search services" aria-label="Search services" value={text} onChange={(event) => setText(event.currentTarget.value)} leftSection={<IconSearch size={14} />}
        rightSection={text && <ActionIcon size="xs" variant="subtle" color="gray" aria-label="Clear search" onClick={() => setText('')}><IconX size={12} /></ActionIcon>}
        onKeyDown={(event) => {
          event.stopPropagation()
          if (event.key === 'Enter' && found[0]) add(found[0].kind, matches(found[0], text) ? undefined : presets[found[0].kind]![0]!.name)
          if (event.key === 'Escape') { setText(''); event.currentTarget.blur() }
        }}
      />
      {!text && <Few title="Favourites" kinds={favourites} add={add} />}
      {!text && <Few title="Recent" kinds={recent.filter((kind) => !favourites.includes(kind))} add={add} />}
      {groups.map((group) => (
        <section key={group} aria-label={group}>
          <h2 className="palette-group">{group}</h2>
          {found.filter((service) => service.group === group).map((service) => (
            <Fragment key={service.kind}>
              <Row service={service} add={add} />
              <PresetItems service={service} presets={presets[service.kind]!} add={add} />
            </Fragment>
          ))}
        </section>
      ))}
      <Carried />
      {found.length === 0 && <Text size="sm" c="dimmed" mt="md">No service matches “{text}”.</Text>}
    </nav>
  )
})

interface RowProps { service: Service; add: (kind: string) => void; again?: boolean }

/** A service that can be placed; `again` where it is in the list below, too. */
function Row({ service, add, again = false }: RowProps) {
  const neutral = useNaming((state) => state.neutral)
  const favourite = useFavourites((state) => state.favourites.includes(service.kind))
  const title = titleOf(service, neutral)
  return (
    <div className="palette-row">
      <Tooltip label={`${title}: ${service.summary}`} position="right" openDelay={600} multiline maw={260}>
        <button
          type="button" className="palette-item" aria-label={again ? `Add ${title} again` : `Add ${title}`} {...carrying(service.kind)}
          onClick={() => add(service.kind)}
        >
          <ServiceIcon kind={service.kind} size={20} /> <span>{title}</span>
        </button>
      </Tooltip>
      {!again && <ActionIcon className="palette-star" size="xs" variant="subtle" color="gray" aria-pressed={favourite} aria-label={`Favourite: ${title}`} onClick={() => useFavourites.getState().toggle(service.kind)}>{favourite ? <IconStarFilled size={12} /> : <IconStar size={12} />}</ActionIcon>}
    </div>
  )
}

function Few({ title, kinds, add }: { title: string; kinds: readonly string[]; add: (kind: string) => void }) {
  const services = useCatalog((state) => state.services)
  const known = kinds.flatMap((kind) => services[kind] ?? [])
  if (known.length === 0) return null
  return <section aria-label={title}><h2 className="palette-group">{title}</h2>{known.map((service) => <Row key={service.kind} service={service} add={add} again />)}</section>
}

/** What a finger carries from here to the canvas. */
function Carried() {
  const carried = useStage((state) => state.fromPalette)
  const service = useCatalog((state) => (carried ? state.services[carried.kind] : undefined))
  const neutral = useNaming((state) => state.neutral)
  if (!carried?.finger || !service) return null
  const title = service.presets.find((preset) => preset.name === carried.preset)?.title ?? titleOf(service, neutral)
  return <div className="palette-carried" style={{ left: carried.finger[0], top: carried.finger[1] }} aria-hidden="true"><ServiceIcon kind={carried.kind} size={20} /> <span>{title}</span></div>
}
