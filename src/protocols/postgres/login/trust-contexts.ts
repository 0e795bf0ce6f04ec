import { createSecureContext, type SecureContext } from 'node:tls'

/** How many CAs are remembered; the longest unused is forgotten. */
const REMEMBERED = 64

/**
 * What is trusted, parsed once per CA instead of once per connection: parsing costs more than the rest of a log-in, in time and in memory
 * that only the collector gives back. Contexts with a client key are never kept.
 */
export class TrustContexts {
  readonly #byCa = new Map<string, SecureContext>()

  /** @param ca PEM; undefined for the system's. @throws where it cannot be parsed, with a text that may quote it */
  of(ca: string | undefined): SecureContext {
    const key = ca ?? ''
    const known = this.#byCa.get(key)
    const context = known ?? createSecureContext({ minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) })
    // Order of insertion is order of use.
    this.#byCa.delete(key)
    this.#byCa.set(key, context)
    if (this.#byCa.size > REMEMBERED) this.#byCa.delete(this.#byCa.keys().next().value!)
    return context
  }
}
