import { RE2JS } from 're2js'

/** Longest pattern, in UTF-16 units. */
export const LONGEST_PATTERN = 500

/** Longest text that a pattern is held against, in UTF-16 units: whatever a client sends, a condition is answered at once. */
export const LONGEST_MATCHED = 262_144

/** Compiled once per text; only patterns that stand in rules come here, so it does not grow with use. */
const compiled = new Map<string, RE2JS>()

/** @returns whether it is a pattern (RE2 syntax) that can be matched in linear time */
export function isPattern(pattern: string): boolean {
  if (pattern.length > LONGEST_PATTERN) return false
  try {
    if (!compiled.has(pattern)) compiled.set(pattern, RE2JS.compile(pattern))
    return true
  } catch {
    return false
  }
}

/** Whether the pattern matches anywhere in the text, as CEL's `matches` does. The pattern has passed `isPattern`. @throws RangeError for a longer text */
export function patternMatches(text: string, pattern: string): boolean {
  const program = compiled.get(pattern)
  if (program === undefined) throw new TypeError('a pattern that was not compiled when its rule was loaded')
  if (text.length > LONGEST_MATCHED) throw new RangeError('a text is too long to be matched')
  return program.test(text)
}
