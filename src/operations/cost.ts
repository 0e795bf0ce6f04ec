/** An amount of money, in whole millionths of a unit of its currency, so that sums are exact. */
export interface Money {
  readonly micros: number
  /** ISO 4217. */
  readonly currency: string
}

/** What one call of a model may come to at most, before it is made. */
export interface OperationCost {
  /** The model as the client names it: what budgets per model count by. */
  readonly model: string
  /** An estimate, not below what it will be wherever that can be had. */
  readonly inputTokens: number
  /** The most that it may answer. */
  readonly outputTokens: number
  /** What so many tokens cost. Absent where the model has no price. */
  readonly money?: Money
}

/** What one call of a model came to, as its provider says. */
export interface Usage {
  /** All of them, those that were read from a cache too. */
  readonly inputTokens: number
  readonly outputTokens: number
  /** Of the input, what was read from the provider's cache. */
  readonly cachedTokens?: number
  /** What that costs. Absent where the model has no price. */
  readonly money?: Money
}

/** What a model costs. */
export interface Price {
  /** For so many tokens (`per`) of input, in units of the currency. */
  readonly input: number
  readonly output: number
  /** For input that the provider read from its cache; default: like all input. */
  readonly cachedInput?: number
  /** Tokens. */
  readonly per: number
  /** ISO 4217. */
  readonly currency: string
}

/** @returns what these tokens cost, rounded up to a millionth of the currency */
export function moneyFor(price: Price, { inputTokens, outputTokens, cachedTokens = 0 }: Omit<Usage, 'money'>): Money {
  const cached = Math.min(cachedTokens, inputTokens)
  const units = (inputTokens - cached) * price.input + cached * (price.cachedInput ?? price.input) + outputTokens * price.output
  const exact = (units / price.per) * 1_000_000
  // 0.1 is no binary number: what lies a billionth above a whole number is that number.
  const micros = Math.ceil(Number(exact.toPrecision(12)))
  return { micros: Math.min(micros, Number.MAX_SAFE_INTEGER), currency: price.currency }
}

/** @returns for people and agents: `0.25 USD` */
export function moneyText({ micros, currency }: Money): string {
  const fraction = String(micros % 1_000_000)
    .padStart(6, '0')
    .replace(/0{1,4}$/, '')
  return `${Math.floor(micros / 1_000_000)}.${fraction} ${currency}`
}

/** What several calls came to. */
export interface UsageSum extends Required<Omit<Usage, 'money'>> {
  readonly calls: number
  /** One amount per currency. */
  readonly money: readonly Money[]
}

export const NO_USAGE: UsageSum = Object.freeze({ calls: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0, money: Object.freeze([]) })

/** @returns both together */
export function addUsage(sum: UsageSum, { inputTokens, outputTokens, cachedTokens = 0, money }: Usage): UsageSum {
  return {
    calls: sum.calls + 1,
    inputTokens: sum.inputTokens + inputTokens,
    outputTokens: sum.outputTokens + outputTokens,
    cachedTokens: sum.cachedTokens + cachedTokens,
    money: money === undefined ? sum.money : addMoney(sum.money, money),
  }
}

function addMoney(sum: readonly Money[], { micros, currency }: Money): readonly Money[] {
  const others = sum.filter((each) => each.currency !== currency)
  const same = sum.find((each) => each.currency === currency)
  return [...others, { micros: (same?.micros ?? 0) + micros, currency }]
}

/** No provider says more of one call; what says more is not believed. */
const MOST_TOKENS = 1_000_000_000
const MOST_MICROS = 1_000_000_000_000

/** Whether these are numbers that can be counted: whole, not below 0, and of one call. */
export function isUsage({ inputTokens, outputTokens, cachedTokens = 0, money }: Usage): boolean {
  const within = (amount: number, most: number) => Number.isInteger(amount) && amount >= 0 && amount <= most
  const tokens = within(inputTokens, MOST_TOKENS) && within(outputTokens, MOST_TOKENS) && within(cachedTokens, MOST_TOKENS)
  return tokens && (money === undefined || within(money.micros, MOST_MICROS))
}
