/** A page that says why there is nothing to show, and the way on. */

import { Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'

export function Halt({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <>
      <header className="topbar"><a className="brand" href="/" aria-label="Backwater, start page">Backwater</a></header>
      <main className="halt"><Stack gap={12} align="flex-start"><Text component="h1" fw={650} size="lg">{title}</Text><Text size="sm">{text}</Text>{children}</Stack></main>
    </>
  )
}
