import { readFileSync } from 'node:fs'

/** A command of a page, with what it prints according to that page. */
export interface Shown {
  readonly words: readonly string[]
  readonly lines: readonly string[]
}

/** What stands in the blocks of a page behind `$ `, in order. */
export function shown(path: string): Shown[] {
  const commands: { words: readonly string[]; lines: string[] }[] = []
  for (const [, block = ''] of readFileSync(path, 'utf8').matchAll(/^```\n(\$ [\s\S]*?)^```$/gm))
    for (const line of block.split('\n').slice(0, -1)) {
      if (line.startsWith('$ ')) commands.push({ words: words(line.slice(2)), lines: [] })
      else commands.at(-1)!.lines.push(line)
    }
  return commands
}

/** As a shell would split it that expands nothing. @throws where it would have to expand something */
export function words(line: string): string[] {
  if (/[$`\\|<>&]/.test(line.replaceAll(/'[^']*'|"[^"]*"/g, '')) || /"[^"]*[$`\\][^"]*"/.test(line))
    throw new Error(`this needs a shell: ${line}`)
  return [...line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'))
}

/** A pattern that matches this text alone. */
const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/**
 * Holds what was printed against what the page says: `…` stands for anything, on a line of its own for any number of lines.
 * @returns what is not as the page says; empty where all of it is
 */
export function differences(lines: readonly string[], printed: string): string[] {
  const patterns = lines
    .filter((line) => line !== '…')
    .map((line) => ({ line, pattern: new RegExp(`^${line.split('…').map(literal).join('.*')}$`) }))
  const actual = printed.split('\n').filter((line) => line.trim() !== '')
  const missing = patterns
    .filter(({ line, pattern }) => line.trim() !== '' && !actual.some((each) => pattern.test(each)))
    .map(({ line }) => `missing: ${line}`)
  if (lines.includes('…')) return missing
  return [...missing, ...actual.filter((line) => !patterns.some(({ pattern }) => pattern.test(line))).map((line) => `more: ${line}`)]
}
