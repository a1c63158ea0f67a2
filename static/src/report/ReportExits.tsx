import { Button, Menu } from '@mantine/core'
import { IconDownload, IconPrinter } from '@tabler/icons-react'
import { useEffect, useState } from 'react'

import { api, type ReportFormat } from '../api/client'
import type { Report } from '../api/types'
import { printAlone } from '../app/printing'
import { useRun, viewKey } from '../live/runStore'
import { PrintSheet } from './PrintSheet'

const FORMATS: readonly { format: ReportFormat; title: string }[] = [
  { format: 'markdown', title: 'Markdown, to read' },
  { format: 'csv', title: 'CSV, every figure in a line' },
  { format: 'json', title: 'JSON, for other programs' },
]

/** How the report leaves the page: as a file, or on paper. */
export function ReportExits({ report }: { report: Report }) {
  const run = useRun((state) => state.run)
  const [printing, print] = useState(false)
  useEffect(() => {
    if (printing) return printAlone('report', () => print(false))
    return undefined
  }, [printing])
  if (!run) return null
  return (
    <div className="report-exits">
      <Menu position="bottom-end" withinPortal>
        <Menu.Target><Button size="compact-sm" variant="default" leftSection={<IconDownload size={14} />}>Download</Button></Menu.Target>
        <Menu.Dropdown>
          {FORMATS.map(({ format, title }) => <Menu.Item key={format} component="a" href={api.reportFile(run.id, format, viewKey())} download>{title}</Menu.Item>)}
        </Menu.Dropdown>
      </Menu>
      <Button size="compact-sm" variant="default" leftSection={<IconPrinter size={14} />} onClick={() => print(true)}>Print</Button>
      {printing && <PrintSheet report={report} />}
    </div>
  )
}
