import { Button, Tooltip } from '@mantine/core'
import { IconPlayerPlayFilled, IconRefresh } from '@tabler/icons-react'

import { isOver } from './runSocket'
import { useRun } from './runStore'
import { startRun, useRunBlocked } from './starting'
import './live.css'

/** The button that runs the diagram, for the top bar; disabled with the reason while it cannot. */
export function RunControls() {
  const blocked = useRunBlocked()
  const starting = useRun((state) => state.starting)
  const again = useRun((state) => isOver(state.run))
  return (
    <Tooltip label={blocked ?? 'Run the diagram from its beginning'} openDelay={300} multiline maw={280}>
      <Button
        size="sm" loading={starting} data-disabled={blocked ? true : undefined} aria-disabled={blocked ? true : undefined}
        aria-description={blocked ?? undefined}
        leftSection={again ? <IconRefresh size={16} /> : <IconPlayerPlayFilled size={14} />}
        onClick={(event) => {
          if (blocked) event.preventDefault()
          else void startRun()
        }}
      >
        {again ? 'Run again' : 'Run'}
      </Button>
    </Tooltip>
  )
}
