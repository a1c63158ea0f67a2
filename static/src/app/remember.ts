/** Have the browser remember a preference; in one that has no room, or may not, it is forgotten with the page, and nothing else fails. */
export function remember(key: string, text: string): void {
  try {
    localStorage.setItem(key, text)
  } catch {
    // It holds for this visit.
  }
}
