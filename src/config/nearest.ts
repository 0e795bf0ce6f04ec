/** The candidate that a word was probably meant to be: at most a third of it differs. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(Math.min(word.length, 64) / 3)) + 1
  for (const candidate of candidates) {
    const differences = distance(word.slice(0, 64).toLowerCase(), candidate.slice(0, 64).toLowerCase())
    if (differences < least) [best, least] = [candidate, differences]
  }
  return best
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
