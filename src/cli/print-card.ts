import { type Card, type CardFact, CLAIMED_LABEL, plainly } from '../card/index.ts'
import type { Printer } from './printer.ts'

/** The card on a terminal, in the order in which every channel shows it. */
export function printCard({ facts, session, parts, claimed }: Card, printer: Printer): void {
  printFacts(facts, printer)
  printer.line('')
  if (parts === undefined) printer.line('What was asked for is not kept any more.', 'yellow')
  for (const { label, about, form, bytes, shown } of parts ?? []) {
    printer.line(`${label} (${bytes} bytes${form === 'hex' ? ', not text: hexadecimal' : ''})`, 'bold')
    printFacts(about, printer)
    printer.block(plainly(shown), 4)
    printer.line('')
  }
  if (session.length > 0) {
    printer.line('in this session', 'bold')
    printFacts(session, printer)
  }
  if (claimed === undefined) return
  printer.line('')
  printer.line(CLAIMED_LABEL, 'bold')
  printer.block(plainly(claimed), 4)
}

function printFacts(facts: readonly CardFact[], printer: Printer): void {
  // A value of several lines must not look like facts of its own.
  for (const { name, values } of facts)
    for (const [at, value] of values.entries()) printer.line(`${(at === 0 ? name : '').padEnd(16)}${plainly(value)}`)
}
