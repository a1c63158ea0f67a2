/** A distribution of durations as a picture: how the work is spread over durations, with its mean and percentiles. */

import { Text } from '@mantine/core'

import { api } from '../api/client'
import type { DistributionAnswer, Values } from '../api/types'
import { useAsked } from '../api/useAsked'
import { formatQuantity } from '../format'

const WIDTH = 264
const HEIGHT = 56

const nameOf = (share: number) => `p${Math.round(share * 1000) / 10}`
const shown = (value_s: number) => formatQuantity(value_s, 's')

export function DistributionDrawing({ values, label }: { values: Values; label: string }) {
  const { answer, current, fault } = useAsked('distribution', values, api.distribution)
  if (fault) return <Text size="xs" className="finding-error" role="alert">{fault}</Text>
  if (!answer) return <div className="distribution" aria-busy="true" />
  return (
    <figure className="distribution" data-stale={!current || undefined} aria-label={`${label}: how it is distributed`}>
      <Density answer={answer} label={label} />
      <dl>
        <div><dt>mean</dt><dd>{shown(answer.mean_s)}</dd></div>
        {answer.percentiles.map(({ share, value_s }) => <div key={share}><dt>{nameOf(share)}</dt><dd>{shown(value_s)}</dd></div>)}
      </dl>
    </figure>
  )
}

/** Where a duration lies across the drawing. */
function placeIn({ scale, edges_s }: DistributionAnswer['bins'], value_s: number): number {
  const turned = (value: number) => (scale === 'log' ? Math.log(value) : value)
  const [from, to] = [turned(edges_s[0]!), turned(edges_s[edges_s.length - 1]!)]
  return (WIDTH * (turned(value_s) - from)) / (to - from)
}

function Density({ answer, label }: { answer: DistributionAnswer; label: string }) {
  const { bins, percentiles } = answer
  const most = Math.max(...bins.shares, 1e-9)
  const left = (index: number) => placeIn(bins, bins.edges_s[index]!).toFixed(1)
  const up = (share: number) => (HEIGHT - (HEIGHT - 4) * (share / most)).toFixed(1)
  const outline = bins.shares.map((share, index) => `L${left(index)},${up(share)}H${left(index + 1)}`).join('')
  const words = percentiles.map(({ share, value_s }) => `${nameOf(share)} ${shown(value_s)}`).join(', ')
  return (
    <>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${label}: mean ${shown(answer.mean_s)}, ${words}`}>
        <path className="density" d={`M0,${HEIGHT}${outline}V${HEIGHT}Z`} />
        {percentiles.map(({ share, value_s }) => {
          const x = placeIn(bins, value_s)
          return <line key={share} className="percentile" x1={x} x2={x} y1={0} y2={HEIGHT}><title>{nameOf(share)}: {shown(value_s)}</title></line>
        })}
      </svg>
      <div className="distribution-axis"><span>{shown(Math.max(0, bins.edges_s[0]!))}</span>{bins.scale === 'log' && <span>logarithmic</span>}<span>{shown(bins.edges_s[bins.edges_s.length - 1]!)}</span></div>
    </>
  )
}
