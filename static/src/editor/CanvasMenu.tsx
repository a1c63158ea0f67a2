/** The menu that the right button opens: commands for what was pointed at. */

import { Menu } from '@mantine/core'

import { notesOf } from './annotations'
import type { Command } from './commands'
import { backToCanvas } from './focus'
import { useStage, type MenuAt } from './stage'
import { useEditor } from './store'

const OFFERED: Record<MenuAt['of'], string[][]> = {
  node: [['rename', 'connect', 'properties'], ['cut', 'copy', 'duplicate'], ['delete-join', 'delete'], ['fit-selection', 'tidy', 'group', 'group-account', 'group-vpc', 'group-region', 'group-context', 'ungroup']],
  box: [['rename-box', 'fold', 'ungroup'], ['cut', 'copy', 'duplicate'], ['delete'], ['fit-selection', 'tidy']],
  wire: [['properties', 'straighten'], ['delete']],
  canvas: [['quick-add', 'note', 'label', 'paste'], ['select-all', 'tidy', 'fit'], ['find', 'palette', 'help']],
}

const READ_ONLY = new Set(['copy', 'fit-selection', 'properties', 'select-all', 'fit', 'find', 'palette', 'help'])

/** Only of use with several nodes; with one, they would make a long menu longer. */
const FOR_SEVERAL = new Set(['fit-selection', 'tidy', 'group-account', 'group-vpc', 'group-region', 'group-context'])

/** Of no use where notes are selected, which no wire leads to. */
const FOR_WIRED = new Set(['connect', 'delete-join'])

export function CanvasMenu({ commands, readOnly }: { commands: readonly Command[]; readOnly: boolean }) {
  const menu = useStage((state) => state.menu)
  const several = useEditor((state) => state.selection.nodes.size > 1)
  const written = useEditor((state) => notesOf(state.graph).some(({ id }) => state.selection.nodes.has(id)))
  if (!menu) return null
  const close = () => {
    useStage.setState({ menu: null })
    backToCanvas()
  }
  const sections = OFFERED[menu.of]
    .map((ids) => ids.flatMap((id) => commands.find((command) => command.id === id && (!readOnly || READ_ONLY.has(id)) && (several || menu.of !== 'node' || !FOR_SEVERAL.has(id)) && !(written && menu.of === 'node' && FOR_WIRED.has(id))) ?? []))
    .filter((section) => section.length > 0)
  return (
    <Menu key={`${menu.x} ${menu.y}`} opened onClose={close} position="bottom-start" offset={0} shadow="md" width={240} withinPortal returnFocus={false}>
      <Menu.Target><button type="button" tabIndex={-1} aria-label="Commands" className="menu-place" style={{ left: menu.x, top: menu.y }} /></Menu.Target>
      <Menu.Dropdown aria-label="Commands" className="canvas-menu">
        {sections.map((section, index) => [
          index > 0 && <Menu.Divider key={`line ${index}`} />,
          ...section.map((command) => <Menu.Item key={command.id} rightSection={command.keys[0] && <small>{command.keys[0]}</small>} onClick={() => { close(); command.run() }}>{command.title}</Menu.Item>),
        ])}
      </Menu.Dropdown>
    </Menu>
  )
}
