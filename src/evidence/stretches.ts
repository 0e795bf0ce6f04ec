import type { Trail } from '../trail/index.ts'

/** Entries that stand one behind the other: index of the first, and of the one behind the last. */
export type Stretch = readonly [first: number, end: number]

interface Moment {
  readonly at: number
  readonly boot: string
}

/**
 * Where the entries of a time stand, without reading all of the log. Within a boot time never goes back, and a boot that is over does not come
 * back; a clock that was wrong during one boot scatters them.
 * @param from ms since the epoch, included, as is `to`
 * @param end entries from this index on are left out
 * @throws TrailError
 */
export async function stretchesOf(
  trail: Pick<Trail, 'read' | 'proven'>,
  { from, to }: { readonly from: number; readonly to: number },
  end: number,
): Promise<readonly Stretch[]> {
  const found: Stretch[] = []
  const add = (first: number, last: number) => {
    const before = found.at(-1)
    if (before?.[1] === first) found[found.length - 1] = [before[0], last + 1]
    else found.push([first, last + 1])
  }
  const isIn = ({ at }: Moment) => at >= from && at <= to

  async function look(first: number, begins: Moment, last: number, ends: Moment): Promise<void> {
    if (begins.boot === ends.boot && (ends.at < from || begins.at > to)) return
    if (begins.boot === ends.boot && isIn(begins) && isIn(ends)) return add(first, last)
    if (last - first <= 1) {
      if (isIn(begins)) add(first, first)
      if (last > first && isIn(ends)) add(last, last)
      return
    }
    const middle = Math.floor((first + last) / 2)
    await look(first, begins, middle, await momentOf(trail, middle))
    await look(middle + 1, await momentOf(trail, middle + 1), last, ends)
  }

  const { minimum } = trail.proven
  if (minimum < end) await look(minimum, await momentOf(trail, minimum), end - 1, await momentOf(trail, end - 1))
  return found
}

async function momentOf(trail: Pick<Trail, 'read'>, index: number): Promise<Moment> {
  for await (const { id, at } of trail.read({ from: index })) return { at: Date.parse(at), boot: id.slice(0, id.indexOf('.')) }
  throw new RangeError(`the log has no entry ${index}`)
}
