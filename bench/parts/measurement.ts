/** What one contender did in one round of one piece of work. */
export interface Sample {
  /** In the unit of the work: transactions, megabytes or connections per second. More is better. */
  readonly rate: number
  /** How many of them were done. */
  readonly count: number
  /** Mean latency in ms, where the load generator says it. */
  readonly latency?: number
  /** Seconds of CPU. */
  readonly cpu: { readonly contender: number; readonly client: number; readonly server: number }
}

/** The medians over the rounds. */
export interface Summary {
  readonly contender: string
  readonly rate: number
  /** Lowest and highest round. */
  readonly spread: readonly [number, number]
  readonly latencyMs: number | undefined
  /** Microseconds of CPU for each unit of the work. */
  readonly cpuMicroseconds: { readonly contender: number; readonly client: number; readonly server: number }
}

export function summarise(contender: string, samples: readonly Sample[]): Summary {
  const rates = samples.map(({ rate }) => rate)
  const latencies = samples.flatMap(({ latency }) => (latency === undefined ? [] : [latency]))
  const cpu = (who: keyof Sample['cpu']) => median(samples.map((sample) => (sample.cpu[who] / sample.count) * 1e6))
  return {
    contender,
    rate: median(rates),
    spread: [Math.min(...rates), Math.max(...rates)],
    latencyMs: latencies.length > 0 ? median(latencies) : undefined,
    cpuMicroseconds: { contender: cpu('contender'), client: cpu('client'), server: cpu('server') },
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
