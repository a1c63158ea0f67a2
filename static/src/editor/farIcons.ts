/** Icons for a drawing: each is drawn once for each size that is in use, and then copied, since to draw an SVG a thousand times takes long. */

/** Sizes in dots; between them an icon is made smaller as it is copied. */
const SIZES = [8, 12, 16, 24, 32, 48, 64]

export interface FarIcon {
  /** Its address; without one, the letter stands for it. */
  url: string | undefined
  letter: string
  /** Whether it is a drawing in lines, which a dark page shows in lighter ones. */
  line: boolean
}

export class Stamps {
  private readonly images = new Map<string, HTMLImageElement>()
  private stamps = new Map<string, HTMLCanvasElement>()
  private filter = 'none'

  /** `loaded` is called whenever there is one more to draw. */
  constructor(private readonly loaded: () => void) {}

  /** The CSS filter through which line icons are seen. */
  seeLinesThrough(filter: string): void {
    if (filter !== this.filter) this.stamps = new Map()
    this.filter = filter
  }

  /** The icon at least as large as asked for; null while it is being loaded. */
  of({ url, line }: FarIcon, dots: number): HTMLCanvasElement | null {
    if (url === undefined) return null
    const image = this.image(url)
    if (!image.complete || image.naturalWidth === 0) return null
    const size = SIZES.find((one) => one >= dots) ?? SIZES[SIZES.length - 1]!
    const key = `${size} ${url}`
    let stamp = this.stamps.get(key)
    if (!stamp) {
      stamp = stampOf(image, size, line ? this.filter : 'none')
      this.stamps.set(key, stamp)
    }
    return stamp
  }

  private image(url: string): HTMLImageElement {
    let image = this.images.get(url)
    if (!image) {
      image = new Image()
      image.onload = this.loaded
      image.src = url
      this.images.set(url, image)
    }
    return image
  }
}

function stampOf(image: HTMLImageElement, size: number, filter: string): HTMLCanvasElement {
  const stamp = document.createElement('canvas')
  stamp.width = size
  stamp.height = size
  const context = stamp.getContext('2d')!
  context.filter = filter
  context.drawImage(image, 0, 0, size, size)
  return stamp
}
