import { RE2JS } from 're2js'
import type { Window } from './bytes.ts'
import { DETECTORS, type Detection, type OwnPattern } from './detector.ts'
import { MaskingError } from './errors.ts'

/** Patterns of one configuration. Each is one more pass over the text. */
export const MOST_PATTERNS = 16
/** Longest pattern, in UTF-16 units. */
export const LONGEST_OWN_PATTERN = 500
/** A longer line is matched in pieces. Bytes. */
export const LONGEST_LINE = 4096

export interface CompiledPattern {
  readonly name: string
  readonly program: RE2JS
}

/**
 * Compiles patterns of the user's for an engine that takes linear time whatever the pattern.
 * @throws MaskingError GS_MASK_PATTERN
 */
export function compilePatterns(patterns: readonly OwnPattern[]): readonly CompiledPattern[] {
  if (patterns.length > MOST_PATTERNS) throw new MaskingError('GS_MASK_PATTERN', `There are more than ${MOST_PATTERNS} patterns.`)
  const names = new Set<string>(DETECTORS)
  return patterns.map(({ name, pattern }) => {
    if (names.has(name)) throw new MaskingError('GS_MASK_PATTERN', `Two detectors are called "${name}".`)
    names.add(name)
    return { name, program: compiled(name, pattern) }
  })
}

function compiled(name: string, pattern: string): RE2JS {
  if (pattern.length > LONGEST_OWN_PATTERN) {
    throw new MaskingError('GS_MASK_PATTERN', `Pattern "${name}" is longer than ${LONGEST_OWN_PATTERN} characters.`)
  }
  let program: RE2JS
  try {
    program = RE2JS.compile(pattern)
  } catch (cause) {
    throw new MaskingError('GS_MASK_PATTERN', `Pattern "${name}" is not in RE2 syntax.`, { cause })
  }
  if (program.test('')) throw new MaskingError('GS_MASK_PATTERN', `Pattern "${name}" matches where there is nothing.`)
  return program
}

/** Matches the patterns line by line, the line end not included; a line that has not ended is not matched yet. */
export class OwnPatterns {
  readonly #patterns: readonly CompiledPattern[]
  #line = 0
  #read = 0

  constructor(patterns: readonly CompiledPattern[]) {
    this.#patterns = patterns
  }

  /** As `Scanner.advance`; finds of several patterns may overlap. */
  advance({ bytes, end, whole }: Window, tell: (found: Detection) => void): number {
    if (this.#patterns.length === 0) return end
    for (;;) {
      const limit = Math.min(end, this.#line + LONGEST_LINE)
      let at = this.#read
      while (at < limit && bytes[at] !== 0x0a && bytes[at] !== 0x0d) at++
      this.#read = at
      if (at === end && !whole && at < this.#line + LONGEST_LINE) return this.#line
      if (at > this.#line) this.#match(bytes.subarray(this.#line, at), this.#line, tell)
      const broken = at < limit
      this.#line = this.#read = broken ? at + 1 : at
      if (this.#line >= end) return end
    }
  }

  moved(by: number): void {
    this.#line -= by
    this.#read -= by
  }

  #match(line: Uint8Array, offset: number, tell: (found: Detection) => void): void {
    for (const { name, program } of this.#patterns) {
      const matcher = program.matcher(line)
      while (matcher.find()) {
        const end = matcher.end()
        if (end > matcher.start()) tell({ start: offset + matcher.start(), end: offset + end, detector: name })
      }
    }
  }
}
