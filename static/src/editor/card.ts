/** The measures that everything on the canvas goes by. */

export type Point = [number, number]

export const GRID = 20
export const CARD = { width: 184, height: 64 }
