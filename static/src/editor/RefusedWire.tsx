/** Why a wire may not be laid, with a button for each service that could stand between. */

import { Button, CloseButton, Group } from '@mantine/core'
import { useEffect } from 'react'

import { useCatalog } from '../api/catalog'
import { regrouped } from './annotations'
import { positionOf } from './graph'
import { freePlace } from './places'
import { insertBetween, midway } from './rewire'
import { useStage } from './stage'
import { useEditor } from './store'

const SHOWN_MS = 12_000
const MOST_BUTTONS = 4

const dismiss = () => useStage.setState({ reason: null })

export function RefusedWire() {
  const reason = useStage((state) => state.reason)
  const wiring = useEditor((state) => state.wiring !== null)
  const services = useCatalog((state) => state.services)
  useEffect(() => {
    if (!reason) return undefined
    const timer = window.setTimeout(dismiss, SHOWN_MS)
    const pressed = (event: KeyboardEvent) => { if (event.key === 'Escape') dismiss() }
    window.addEventListener('keydown', pressed)
    return () => { window.clearTimeout(timer); window.removeEventListener('keydown', pressed) }
  }, [reason])
  if (!reason) return null
  const insert = (kind: string) => {
    const { graph, change, select } = useEditor.getState()
    const at = freePlace(midway(graph, reason.from!.node, reason.to), graph.nodes.map((node) => positionOf(graph, node.id)))
    const made = insertBetween(graph, services[kind]!, services, reason.from!, reason.to, at)
    useStage.setState({ reason: null })
    if (!made) return
    change(regrouped(made[0], new Set([made[1]])))
    select([made[1]])
  }
  return (
    <div className="wiring-reason" role="alert">
      {!wiring && <CloseButton size="xs" aria-label="Close" className="wiring-reason-close" onClick={dismiss} />}
      {reason.text}
      {!wiring && reason.from && reason.bridges.length > 0 && (
        <Group gap={6} mt={6}>{reason.bridges.slice(0, MOST_BUTTONS).map((kind) => <Button key={kind} size="compact-xs" variant="default" onClick={() => insert(kind)}>Insert {services[kind]?.title}</Button>)}</Group>
      )}
    </div>
  )
}
