/** The presets of a service: it with parameters set for a purpose, placed like a service of its own. */

import { Tooltip } from '@mantine/core'

import type { Preset, Service } from '../api/types'
import { Icon } from '../app/icons'
import { carrying } from './placing'

export function PresetItems({ service, presets, add }: { service: Service; presets: readonly Preset[]; add: (kind: string, preset: string) => void }) {
  return presets.map((preset) => (
    <Tooltip key={preset.name} label={`${preset.title}: ${preset.summary}`} position="right" openDelay={600} multiline maw={260}>
      <button
        type="button" className="palette-item palette-preset" aria-label={`Add ${preset.title}`} {...carrying(service.kind, preset.name)}
        onClick={() => add(service.kind, preset.name)}
      >
        <Icon path={preset.icon} letter={preset.title.charAt(0)} size={16} /> <span>{preset.title}</span>
      </button>
    </Tooltip>
  ))
}
