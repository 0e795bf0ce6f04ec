const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/

/** A count in ASCII digits without leading zeroes, or undefined; larger than 2^53 - 1 is none either. */
export function fromDecimal(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : undefined
}
