/** Where there is room for a card. */

import { CARD, type Point } from './graph'

/** A free place near `wanted`: not on top of another card. */
export function freePlace(wanted: Point, taken: readonly Point[]): Point {
  const place: Point = [...wanted]
  while (taken.some(([x, y]) => Math.abs(x - place[0]) < CARD.width && Math.abs(y - place[1]) < CARD.height)) place[1] += CARD.height + 36
  return place
}
