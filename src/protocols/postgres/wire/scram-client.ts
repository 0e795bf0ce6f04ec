import { pbkdf2 } from 'node:crypto'
import { saslPrep } from './saslprep.ts'
import { attributes, BINDING_TYPE, checkNonce, equal, fromBase64, hmac, KEY_LENGTH, ScramError, scramKeys, xor } from './scram.ts'

/**
 * The most iterations that we compute for a server, about half a second of one core. PostgreSQL's default is 4,096; a server
 * that asks for a thousand million wants to keep us busy.
 */
export const MOST_ITERATIONS = 1_000_000

/** PBKDF2 off the main thread: it is slow on purpose. */
function derive(password: string, salt: Uint8Array, iterations: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, KEY_LENGTH, 'sha256', (error, key) => (error ? reject(error) : resolve(key)))
  })
}

/** The client's side of one SCRAM exchange (RFC 5802, RFC 7677), with a proof that the server knows the password too. */
export class ScramClient {
  readonly #password: string
  readonly #nonce: string
  readonly #gs2Header: string
  readonly #binding: Uint8Array
  readonly #bare: string
  #signature: Buffer | undefined

  /**
   * @param exchange `nonce`: 18 random bytes or more, printable, without commas; `binding`: for SCRAM-SHA-256-PLUS, what
   *   `tlsServerEndPoint` gives; `serverLacksBinding`: we could bind, and the server did not offer it (`y`, so that it can detect
   *   that somebody removed its offer)
   */
  constructor(exchange: { password: string; nonce: string; binding?: Uint8Array | undefined; serverLacksBinding?: boolean }) {
    this.#password = exchange.password
    this.#nonce = checkNonce(exchange.nonce)
    this.#binding = exchange.binding ?? new Uint8Array()
    this.#gs2Header = exchange.binding ? `p=${BINDING_TYPE},,` : exchange.serverLacksBinding ? 'y,,' : 'n,,'
    // PostgreSQL takes the user of the start-up packet and expects this one to be empty.
    this.#bare = `n=,r=${this.#nonce}`
  }

  /** client-first-message */
  first(): string {
    return this.#gs2Header + this.#bare
  }

  /**
   * Reads server-first-message, returns client-final-message.
   * @throws ScramError with the reason `weak` where the server asks for fewer than 1 or more than `MOST_ITERATIONS` iterations
   */
  async answer(message: string): Promise<string> {
    const { r, s, i } = attributes(message, ['r', 's', 'i'])
    if (!r.startsWith(this.#nonce) || r.length === this.#nonce.length) throw new ScramError('malformed', 'SCRAM nonce is not ours')
    checkNonce(r)
    const salt = fromBase64(s)
    const iterations = /^[1-9][0-9]{0,9}$/.test(i) ? Number(i) : 0
    if (iterations < 1 || iterations > MOST_ITERATIONS) throw new ScramError('weak', 'SCRAM iteration count is out of bounds')

    const salted = await derive(saslPrep(this.#password), salt, iterations)
    const { clientKey, storedKey, serverKey } = scramKeys(salted)
    const bound = Buffer.concat([Buffer.from(this.#gs2Header), this.#binding])
    const withoutProof = `c=${bound.toString('base64')},r=${r}`
    const authMessage = `${this.#bare},${message},${withoutProof}`
    this.#signature = hmac(serverKey, authMessage)
    return `${withoutProof},p=${xor(clientKey, hmac(storedKey, authMessage)).toString('base64')}`
  }

  /**
   * Reads server-final-message. Until it has returned, nobody has proven to be the server.
   * @throws ScramError with the reason `proof` where the server does not know the password
   */
  verify(message: string): void {
    const expected = this.#signature
    if (!expected) throw new ScramError('malformed', 'SCRAM messages out of order')
    if (message.startsWith('e=')) throw new ScramError('proof', 'the server refused the SCRAM proof')
    if (!equal(fromBase64(attributes(message, ['v']).v), expected))
      throw new ScramError('proof', 'the SCRAM signature of the server is wrong')
  }
}
