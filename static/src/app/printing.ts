/** Print one part of the page alone: the style sheets for paper hide all else by its name. */
export function printAlone(part: 'report' | 'diagram', ended: () => void): () => void {
  document.body.dataset['printing'] = part
  window.addEventListener('afterprint', ended, { once: true })
  const drawn = window.requestAnimationFrame(() => window.print())
  return () => {
    window.cancelAnimationFrame(drawn)
    window.removeEventListener('afterprint', ended)
    delete document.body.dataset['printing']
  }
}
