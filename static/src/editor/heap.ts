/** A binary heap: the place with the least guess comes out first. */

export class Heap<Place extends { guess: number }> {
  private readonly items: Place[] = []

  push(place: Place): void {
    const { items } = this
    items.push(place)
    for (let index = items.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1
      if (items[parent]!.guess <= items[index]!.guess) break
      ;[items[parent], items[index]] = [items[index]!, items[parent]!]
      index = parent
    }
  }

  pop(): Place | undefined {
    const { items } = this
    const top = items[0]
    const last = items.pop()
    if (items.length && last) {
      items[0] = last
      for (let index = 0; ; ) {
        const left = 2 * index + 1
        const right = left + 1
        let least = index
        if (left < items.length && items[left]!.guess < items[least]!.guess) least = left
        if (right < items.length && items[right]!.guess < items[least]!.guess) least = right
        if (least === index) break
        ;[items[least], items[index]] = [items[index]!, items[least]!]
        index = least
      }
    }
    return top
  }
}
