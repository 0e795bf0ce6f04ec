import { plainly, type Shown, visible } from '../card/index.ts'
import type { Json, ToolDefinition } from '../operations/index.ts'

/** What a model reads first comes first. */
const FIRST = ['title', 'description', 'annotations', 'inputSchema', 'outputSchema']
/** A word of letters that are easily taken for one another: Latin ones beside Cyrillic, Greek, Armenian or Cherokee ones (UTS #39, mixed scripts). */
const MIXED =
  /(?=[\p{L}\p{M}\p{N}_-]*\p{Script=Latin})(?=[\p{L}\p{M}\p{N}_-]*[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}])[\p{L}\p{M}\p{N}_-]+/gu
const LOOKALIKE = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/gu

/**
 * A definition as lines for somebody who decides whether a model may read it: nothing is left out, and what hides is written as `⟨U+200B⟩`. Text stands
 * behind `| `, and behind `· ` where a line is continued with its next sentence, so that no text reads like a field, and a changed sentence is a changed line.
 */
export function toolLines({ name: _, ...fields }: ToolDefinition): readonly string[] {
  const names = [
    ...FIRST.filter((name) => name in fields),
    ...Object.keys(fields)
      .filter((name) => !FIRST.includes(name))
      .sort(),
  ]
  return names.flatMap((name) => fieldLines(shown(name), (fields as Readonly<Record<string, Json>>)[name]!))
}

function fieldLines(name: string, value: Json): readonly string[] {
  if (typeof value === 'string') return [`${name}:`, ...textLines(value)]
  if (value === null || typeof value !== 'object') return [`${name}: ${JSON.stringify(value)}`]
  return [
    `${name}:`,
    ...JSON.stringify(value, undefined, 2)
      .split('\n')
      .map((line) => `  ${shown(line)}`),
  ]
}

function textLines(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const sentences = line.split(/(?<=[.!?:;] )/)
    return sentences.map((sentence, place) => `  ${place === 0 ? '|' : '·'} ${shown(sentence)}`)
  })
}

/** Tabs would move what is behind them, and of look-alikes each says which it is. */
function shown(text: string): string {
  return plainly(
    visible(text).map((piece) => (typeof piece === 'string' ? piece.replace(MIXED, named).replaceAll('\t', '⟨TAB⟩') : piece) as Shown),
  )
}

function named(word: string): string {
  return word.replace(LOOKALIKE, (letter) => `${letter}⟨U+${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`)
}
