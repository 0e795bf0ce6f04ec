import type { Printer } from '../printer.ts'
import type { Beat } from './beat.ts'

/** Prints a beat through the printer, which makes it harmless; lines of a text stay lines. */
export function printBeat({ lines }: Beat, printer: Printer): void {
  for (const { text, indent, style } of lines) {
    for (const line of text.replaceAll('\r\n', '\n').split('\n'))
      printer.line(`${' '.repeat(indent)}${line.replaceAll('\t', '    ')}`, style)
  }
}
