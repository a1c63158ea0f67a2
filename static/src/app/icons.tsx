/** Service icons from the `aws-icons` package, by the path that the catalog gives; a letter where there is none. */

import { useCatalog } from '../api/catalog'
import { titleOf, useNaming } from './naming'

const files = import.meta.glob('../../../node_modules/aws-icons/icons/{architecture-service,resource}/*.svg', { query: '?url', import: 'default', eager: true }) as Record<string, string>
const byPath = new Map(Object.entries(files).map(([path, url]) => [path.replace(/^.*\/icons\//, '').replace(/\.svg$/, ''), url]))

export function iconUrl(path: string): string | undefined {
  return byPath.get(path)
}

/** The icon of a kind. It says nothing that the text beside it does not say, so it is hidden from screen readers. */
export function ServiceIcon({ kind, size = 24 }: { kind: string; size?: number }) {
  const service = useCatalog((state) => state.services[kind])
  const neutral = useNaming((state) => state.neutral)
  return <Icon path={neutral ? '' : service?.icon ?? ''} letter={(service ? titleOf(service, neutral) : '?').charAt(0)} size={size} />
}

/** The icon at a path of the icon set; the letter where there is none. */
export function Icon({ path, letter, size }: { path: string; letter: string; size: number }) {
  const url = iconUrl(path)
  if (!url) return <span className="icon-letter" style={{ width: size, height: size, fontSize: size * 0.5 }} aria-hidden>{letter}</span>
  return <img src={url} width={size} height={size} alt="" className={path.startsWith('resource/') ? 'service-icon line-icon' : 'service-icon'} draggable={false} />
}
