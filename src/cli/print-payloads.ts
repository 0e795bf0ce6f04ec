import type { EntryAnswer } from '../api/local/index.ts'
import type { Printer } from './printer.ts'

/** What stands beside an entry, indented below it. */
export function printPayloads({ payloads = [], requests = [] }: EntryAnswer, printer: Printer): void {
  for (const { name, encoding, content } of payloads) {
    printer.line(`    ${name}${encoding === 'utf-8' ? '' : ` (${encoding})`}`, 'dim')
    if (encoding !== 'erased') printer.block(content, 6)
  }
  for (const { statement, text, gone } of requests) {
    printer.line(`    statement.${statement} with what its run said before`, 'dim')
    if (gone) printer.line(`      some of it is gone with ${gone.join(', ')}`, 'yellow')
    printer.block(text, 6)
  }
}
