/** The look: neutral, one accent, one radius, one shadow. The icons bring the colour. */

import { Anchor, createTheme, Menu, Modal, type MantineColorsTuple } from '@mantine/core'

const accent: MantineColorsTuple = ['#edf3ff', '#d9e5ff', '#b0c8fb', '#84a9f7', '#5f8ff3', '#487ef1', '#2f6be4', '#1f5ad6', '#174bb8', '#103c96']
const dark: MantineColorsTuple = ['#e8e8ea', '#c4c5ca', '#a1a3aa', '#75777f', '#4a4c54', '#393b42', '#2a2c32', '#1e1f24', '#18191d', '#121316']

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 6 },
  colors: { accent, dark },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  headings: { fontWeight: '650' },
  defaultRadius: 'sm',
  radius: { xs: '4px', sm: '6px', md: '6px', lg: '6px', xl: '6px' },
  shadows: { xs: '0 1px 3px rgb(0 0 0 / 10%)', sm: '0 2px 10px rgb(0 0 0 / 14%)', md: '0 2px 10px rgb(0 0 0 / 14%)', lg: '0 2px 10px rgb(0 0 0 / 14%)', xl: '0 2px 10px rgb(0 0 0 / 14%)' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  autoContrast: true,
  components: {
    Anchor: Anchor.extend({ defaultProps: { underline: 'always' } }),
    // A menu may have nothing in it but items, and its keyboard begins on the first.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
    Modal: Modal.extend({ defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } }),
  },
})
