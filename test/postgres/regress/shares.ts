import type { Understood } from '../../../src/protocols/postgres/sql/index.ts'

/** How much of some statements is understood. Opaque ones are parsed, and yet not known in what they do. */
export class Shares {
  statements = 0
  unparsed = 0
  opaque = 0
  readsUnknown = 0
  writesUnknown = 0
  slowest = 0

  add({ facts: { effects, sql }, refusal }: Understood, took: number): void {
    this.statements += 1
    if (refusal !== undefined || effects.some((effect) => effect.action === 'unparsed')) this.unparsed += 1
    else if (effects.some((effect) => effect.class === 'opaque')) this.opaque += 1
    if (!sql?.reads) this.readsUnknown += 1
    if (!sql?.writes) this.writesUnknown += 1
    this.slowest = Math.max(this.slowest, took)
  }

  /** Shares in percent. */
  summary(): Readonly<Record<string, number>> {
    const percent = (part: number) => Math.round((part / Math.max(1, this.statements)) * 1000) / 10
    return {
      statements: this.statements,
      'unparsed, %': percent(this.unparsed),
      'opaque, %': percent(this.opaque),
      'reads unknown, %': percent(this.readsUnknown),
      'writes unknown, %': percent(this.writesUnknown),
      'slowest, ms': Math.round(this.slowest),
    }
  }
}
