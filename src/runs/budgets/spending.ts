import { type Money, moneyText, type OperationCost, Refusal, type Usage } from '../../operations/index.ts'
import type { BudgetSettings } from './settings.ts'

/** What calls of models are counted by. */
export const SPENDING = ['tokens', 'money'] as const
export type Spending = (typeof SPENDING)[number]

/** Whether a budget counts calls of models. */
export const countsSpending = ({ limit }: BudgetSettings): boolean => SPENDING.some((measure) => limit[measure] !== undefined)

/**
 * @returns what it comes to in the units of a limit; undefined where it has no price in the currency of the budget, and of what that does not
 *   limit 0
 */
export function amountOf(measure: Spending, settings: BudgetSettings, spent: OperationCost | Usage): number | undefined {
  if (settings.limit[measure] === undefined) return 0
  if (measure === 'tokens') return whole(whole(spent.inputTokens) + whole(spent.outputTokens))
  const micros = inCurrency(spent.money, settings.currency)
  return micros === undefined ? undefined : whole(micros)
}

/** What is no amount is more than any limit: a client says how long an answer may be. */
function whole(amount: number): number {
  return amount >= 0 ? Math.min(Math.ceil(amount), Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER
}

function inCurrency(money: Money | undefined, currency: string | undefined): number | undefined {
  return money?.currency === currency ? money?.micros : undefined
}

/** @returns why a model without a price is not called */
export function unpriced({ name }: BudgetSettings): Refusal {
  return new Refusal('GS_BUDGET_UNPRICED', { reason: `The budget "${name}" is of money, and this model has no price in its currency.` })
}

/**
 * There is too little room for what a call may come to. It is said how much there is: a call names its most by itself, so that whoever makes it can
 * ask for less.
 * @param left at least 0 @param wait seconds until there is room for the same; undefined: there will be none
 */
export function tooMuch(settings: BudgetSettings, measure: Spending, left: number, most: number, wait: number | undefined): Refusal {
  const { name, currency = '' } = settings
  const text = (amount: number) => (measure === 'money' ? moneyText({ micros: amount, currency }) : `${amount} tokens`)
  const again = wait === undefined ? '' : ` There is room for the same call again in ${inWords(wait)}.`
  const [reason, next] =
    left === 0
      ? [`The budget "${name}" is used up.`, 'Finish with what you have, or report that the budget is used up.']
      : [
          `The budget "${name}" has ${text(left)} left, and this call may come to ${text(most)}.`,
          'Ask for less: set a lower most of output tokens, or send fewer and shorter messages. If that will not do, finish with what you have.',
        ]
  return new Refusal('GS_BUDGET_EXCEEDED', { reason, next: `${next}${again}`, ...(wait !== undefined && { retryAfter: wait }) })
}

function inWords(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7_200) return `${Math.ceil(seconds / 60)} min`
  return `${Math.ceil(seconds / 3_600)} h`
}
