import type { Source } from './check-log.ts'
import type { Fields } from './json.ts'
import { fail } from './verdict.ts'

/** Compares what is there with what should be. */
export function checkComplete({ range, count, has }: Pick<Source, 'range' | 'count' | 'has'>) {
  let [seen, first, next]: [number, number | undefined, number | undefined] = [0, undefined, range?.[0]]
  let bad: readonly [says: string, index: number] | undefined
  return {
    see(index: number, entry: Fields): void {
      const due = next ?? index
      if (index < due || (range && index > due)) bad ??= [`entry ${index} stands where ${due} belongs`, Math.min(index, due)]
      if (has && !has(entry)) bad ??= [`entry ${index} is not of those that the bundle says it holds`, index]
      first ??= index
      next = index + 1
      seen++
    },
    end(): string {
      if (bad) fail(...bad)
      if (range && (next ?? 0) !== range[1]) fail(`entries ${next ?? 0} to ${range[1] - 1} are missing`, next ?? 0)
      if (count !== undefined && count !== seen) fail(`${count} entries should be here, and ${seen} are`)
      return range ? `entries ${first ?? 0} to ${range[1] - 1} without a hole` : `${seen} entries, scattered over the log`
    },
  }
}
