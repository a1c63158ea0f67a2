/** The presets of a service: it with parameters set for a purpose, placed like a service of its own. */

import { Tooltip } from '@mantine/core'

import type { Preset, Service } from '../api/types'
import { Icon } from '../app/icons'
import { DRAG_KIND, DRAG_PRESET } from './Canvas'
import { useStage } from './stage'

export function PresetItems({ service, presets, add }: { service: Service; presets: readonly Preset[]; add: (kind: string, preset: string) => void }) {
  return presets.map((preset) => (
    <Tooltip key={preset.name} label={`${preset.title}: ${preset.summary}`} position="right" openDelay={600} multiline maw={260}>
      <button
        type="button" className="palette-item palette-preset" draggable aria-label={`Add ${preset.title}`}
        onDragStart={(event) => {
          event.dataTransfer.setData(DRAG_KIND, service.kind)
          useStage.setState({ fromPalette: service.kind })
          event.dataTransfer.setData(DRAG_PRESET, preset.name)
          event.dataTransfer.effectAllowed = 'copy'
        }}
        onClick={() => add(service.kind, preset.name)}
      >
        <Icon path={preset.icon} letter={preset.title.charAt(0)} size={16} /> <span>{preset.title}</span>
      </button>
    </Tooltip>
  ))
}
