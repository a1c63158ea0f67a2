import { Menu } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'

import { api } from '../api/client'
import { isOver } from './runSocket'
import { sentenceOf, useRun } from './runStore'

/** The owner's choice of who may control the run while it goes on. */
export function WhoControls() {
  const run = useRun((state) => state.run)
  if (!run?.is_owner || isOver(run)) return null
  const choose = async (controllers: typeof run.controllers) => {
    try {
      const changed = await api.letControl(run.id, controllers)
      useRun.setState((state) => (state.run?.id === run.id ? { run: { ...state.run, controllers: changed.controllers } } : {}))
    } catch (error) {
      useRun.setState({ complaint: sentenceOf(error) })
    }
  }
  const item = (controllers: typeof run.controllers, text: string) => (
    <Menu.Item aria-current={run.controllers === controllers ? 'true' : undefined} closeMenuOnClick={false} leftSection={<IconCheck size={14} style={{ visibility: run.controllers === controllers ? 'visible' : 'hidden' }} />} onClick={() => void choose(controllers)}>{text}</Menu.Item>
  )
  return (
    <>
      <Menu.Divider />
      <Menu.Label>Who controls this run</Menu.Label>
      {item('owner', 'Only you')}
      {item('link', 'Everyone with the link')}
    </>
  )
}
