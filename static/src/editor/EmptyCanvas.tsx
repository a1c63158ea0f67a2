/** What stands on a canvas on which nothing is drawn yet: how to begin. */

import { Button, Group, Text } from '@mantine/core'

import { useCatalog } from '../api/catalog'
import { useEditor } from './store'

export function EmptyCanvas() {
  const place = () => {
    const { services } = useCatalog.getState()
    const source = Object.values(services).find((service) => !service.ports.some((port) => port.direction === 'in'))
    if (source) useEditor.getState().addNode(source.kind, [80, 120])
  }
  return (
    <div className="canvas-empty">
      <div>
        <Text fw={650} size="lg">Begin with what sends messages</Text>
        <Text c="dimmed" size="sm" mt={4} mb={12}>Drag a source of traffic from the left, then a queue or a topic, and draw a wire from one card’s right edge to the next card. Then press Run.</Text>
        <Group gap={8} justify="center">
          <Button variant="default" size="xs" onClick={place}>Place a source of traffic</Button>
          <Button component="a" href="/" variant="subtle" size="xs">Open an example</Button>
        </Group>
      </div>
    </div>
  )
}
