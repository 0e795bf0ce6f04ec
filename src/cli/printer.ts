import { styleText } from 'node:util'
import type { CodedError } from '../operations/index.ts'
import { harmless, harmlessJson, harmlessLines } from './harmless.ts'
import type { Surroundings } from './surroundings.ts'

export type Style = Parameters<typeof styleText>[0]

export interface Cell {
  readonly text: string
  readonly style?: Style
}

/**
 * The only way a command prints. Text is made harmless here, so that no command can forget it; colours appear on a terminal
 * only, and not where NO_COLOR is set (no-color.org).
 */
export interface Printer {
  /** One line. */
  line(text: string, style?: Style): void
  /** Several lines, indented by spaces. */
  block(text: string, indent: number): void
  /** Columns as wide as their widest cell; the last one is as long as it is. */
  table(header: readonly string[], rows: readonly (readonly (string | Cell)[])[]): void
  /** One value, pretty; a stream of them with `jsonLine`. */
  json(value: unknown): void
  jsonLine(value: unknown): void
  /** Text of our own making that must arrive byte for byte, such as PEM. */
  exact(text: string): void
  /** To standard error, next to the output. */
  remark(text: string): void
  /** To standard error: `code: sentence`, then what to do. */
  problem(error: CodedError, json: boolean): void
}

export function createPrinter({ stdout, stderr, env }: Pick<Surroundings, 'stdout' | 'stderr' | 'env'>): Printer {
  const colours = (to: { isTTY?: boolean }) => to.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  const styled = (to: { isTTY?: boolean }, text: string, style?: Style) =>
    style && colours(to) ? styleText(style, text, { validateStream: false }) : text
  return {
    line: (text, style) => void stdout.write(`${styled(stdout, harmless(text), style)}\n`),
    block(text, indent) {
      const margin = ' '.repeat(indent)
      for (const line of harmlessLines(text).split('\n')) stdout.write(`${margin}${line}\n`)
    },
    table(header, rows) {
      const cells = rows.map((row) =>
        row.map((cell) => (typeof cell === 'string' ? { text: harmless(cell) } : { ...cell, text: harmless(cell.text) })),
      )
      const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.text.length ?? 0)))
      const write = (row: readonly Cell[]) => {
        const last = row.length - 1
        const columns = row.map(({ text, style }, column) => {
          const padding = column === last ? '' : ' '.repeat((widths[column] ?? 0) - text.length)
          return styled(stdout, text, style) + padding
        })
        stdout.write(`${columns.join('  ').trimEnd()}\n`)
      }
      write(header.map((text) => ({ text, style: 'dim' })))
      for (const row of cells) write(row)
    },
    json: (value) => void stdout.write(`${harmlessJson(value, 2)}\n`),
    jsonLine: (value) => void stdout.write(`${harmlessJson(value)}\n`),
    exact: (text) => void stdout.write(text),
    remark: (text) => void stderr.write(`${harmless(text)}\n`),
    problem({ code, message, next }, json) {
      if (json) return void stderr.write(`${harmlessJson({ error: { code, message, next } })}\n`)
      stderr.write(`${styled(stderr, code, 'red')}: ${harmlessLines(message)}\n${styled(stderr, 'next', 'bold')}: ${harmless(next)}\n`)
    },
  }
}
