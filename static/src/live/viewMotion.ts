/** Whether the view of the canvas is on the move. Nothing is drawn by it, so nobody needs to be told. */
export const viewMotion = { moving: false }
