import type { Refusal } from '../../../operations/index.ts'
import type { Flight } from './flight.ts'

/** Rows and bytes that flow for one operation, charged per chunk and not per row. */
export class Charges {
  #flight: Flight | undefined
  #rows = 0
  #bytes = 0

  /** Whose result is arriving; undefined between results. */
  get flight(): Flight | undefined {
    return this.#flight
  }

  /** A result starts. */
  start(flight: Flight | undefined): void {
    this.#flight = flight
  }

  add(rows: number, bytes: number): void {
    this.#rows += rows
    this.#bytes += bytes
  }

  /** Charges what was added. @returns why its operation must be cut off, where it must */
  flush(): Refusal | undefined {
    const refusal = this.#rows > 0 || this.#bytes > 0 ? this.#flight?.charge(this.#rows, this.#bytes) : undefined
    this.#rows = 0
    this.#bytes = 0
    return refusal
  }

  /** The result is over: nothing of it is left to cut off. */
  end(): void {
    this.flush()
    this.#flight = undefined
  }
}
