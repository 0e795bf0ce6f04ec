import type { Money } from '../operations/index.ts'

/** @param text `5 USD` or `0.25 EUR`; already matched by the schema */
export function money(text: string): Money {
  const [amount = '', currency = ''] = text.split(' ')
  const [units = '', fraction = ''] = amount.split('.')
  return { micros: Number(`${units}${fraction.padEnd(6, '0')}`), currency }
}
