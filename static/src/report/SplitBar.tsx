import { useRun } from '../live/runStore'
import { nodeName } from '../live/hooks'

export interface SplitPart { share: number; node: string; title: string; text: string }

const NAMED = 2

/** A bar of shares with its largest parts named in words, and all of them in its title. */
export function SplitBar({ parts }: { parts: SplitPart[] }) {
  const state = useRun.getState()
  const shown = parts.filter((part) => part.share > 0)
  const words = (part: SplitPart) => `${nodeName(state, part.node)}: ${part.title.charAt(0).toLowerCase()}${part.title.slice(1)} ${part.text}`
  const largest = [...shown].sort((one, other) => other.share - one.share).slice(0, NAMED)
  return (
    <div title={shown.map(words).join('\n')}>
      <div className="split-bar" aria-hidden="true">{shown.map((part, index) => <span key={`${part.node} ${part.title}`} data-part={index % 5} style={{ flexGrow: part.share }} />)}</div>
      <small>{largest.map(words).join(' · ')}{shown.length > NAMED ? ' …' : ''}</small>
    </div>
  )
}
