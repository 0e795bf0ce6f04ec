/** One line of a comparison: there before, there now, or in both. */
export interface DiffLine {
  readonly sign: '-' | '+' | ' '
  readonly text: string
}

/** Beyond so many comparisons, what is not the same at both ends is shown as a whole. */
const MOST_COMPARISONS = 4_000_000
/** Lines that are the same, shown around those that are not. */
const AROUND = 2

/** Longest common subsequence by lines; of long stretches that are the same, the ends. */
export function lineDiff(before: readonly string[], now: readonly string[]): readonly DiffLine[] {
  let start = 0
  while (start < before.length && start < now.length && before[start] === now[start]) start++
  let end = 0
  while (end < before.length - start && end < now.length - start && before.at(-1 - end) === now.at(-1 - end)) end++
  const same = (lines: readonly string[]) => lines.map((text): DiffLine => ({ sign: ' ', text }))
  const middle = compare(before.slice(start, before.length - end), now.slice(start, now.length - end))
  return shortened([...same(before.slice(0, start)), ...middle, ...same(before.slice(before.length - end))])
}

function compare(before: readonly string[], now: readonly string[]): readonly DiffLine[] {
  const gone = (text: string): DiffLine => ({ sign: '-', text })
  const come = (text: string): DiffLine => ({ sign: '+', text })
  if (before.length * now.length > MOST_COMPARISONS) return [...before.map(gone), ...now.map(come)]
  const width = now.length + 1
  const lengths = new Uint32Array((before.length + 1) * width)
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        before[i] === now[j] ? lengths[(i + 1) * width + j + 1]! + 1 : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!)
  const lines: DiffLine[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < now.length) {
    if (i < before.length && j < now.length && before[i] === now[j]) {
      lines.push({ sign: ' ', text: before[i]! })
      i++
      j++
    } else if (j === now.length || (i < before.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!))
      lines.push(gone(before[i++]!))
    else lines.push(come(now[j++]!))
  }
  return lines
}

function shortened(lines: readonly DiffLine[]): readonly DiffLine[] {
  const near = lines.map(() => false)
  for (const [place, { sign }] of lines.entries()) if (sign !== ' ') near.fill(true, Math.max(0, place - AROUND), place + AROUND + 1)
  return lines.flatMap((line, place) => (near[place] ? [line] : near[place - 1] || place === 0 ? [{ sign: ' ', text: '…' } as const] : []))
}
