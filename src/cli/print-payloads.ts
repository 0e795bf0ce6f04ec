import type { EntryAnswer } from '../api/local/index.ts'
import type { Printer } from './printer.ts'

/** What stands beside an entry, indented below it. */
export function printPayloads({ payloads = [] }: EntryAnswer, printer: Printer): void {
  for (const { name, encoding, content } of payloads) {
    printer.line(`    ${name}${encoding === 'utf-8' ? '' : ` (${encoding})`}`, 'dim')
    if (encoding !== 'erased') printer.block(content, 6)
  }
}
