import { RE2JS } from 're2js'

/** Longest pattern, in UTF-16 units. */
export const LONGEST_PATTERN = 500

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

/** Whether the pattern matches anywhere in the text, as CEL's `matches` does. The pattern has passed `isPattern`. */
export function patternMatches(text: string, pattern: string): boolean {
  const program = compiled.get(pattern)
  if (program === undefined) throw new TypeError('a pattern that was not compiled when its rule was loaded')
  return program.test(text)
}
