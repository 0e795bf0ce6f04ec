import {
  attributes,
  BINDING_TYPE,
  checkNonce,
  equal,
  fromBase64,
  hmac,
  KEY_LENGTH,
  SCRAM_SHA_256_PLUS,
  ScramError,
  type ScramMechanism,
  sha256,
  xor,
} from './scram.ts'

/** What a server keeps of a password (RFC 5802 §3). */
export interface Verifier {
  readonly iterations: number
  readonly salt: Uint8Array
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

/**
 * The server's side of one SCRAM exchange (RFC 5802, RFC 7677). The user name in it is ignored, as in PostgreSQL: the start-up packet
 * said it already.
 */
export class ScramServer {
  readonly #verifier: Verifier
  readonly #serverNonce: string
  readonly #binding: Uint8Array | undefined
  readonly #mechanism: ScramMechanism
  #gs2Header = ''
  #nonce = ''
  #authMessage = ''

  /**
   * @param exchange `serverNonce`: 18 random bytes or more, printable, without commas; `binding`: what `tlsServerEndPoint` gives,
   *   present exactly where SCRAM-SHA-256-PLUS was offered; `mechanism`: what the client chose
   * @throws ScramError where the client chose what was not offered
   */
  constructor(exchange: { mechanism: ScramMechanism; verifier: Verifier; serverNonce: string; binding: Uint8Array | undefined }) {
    if (exchange.mechanism === SCRAM_SHA_256_PLUS && !exchange.binding) {
      throw new ScramError('malformed', 'channel binding was not offered on this connection')
    }
    this.#mechanism = exchange.mechanism
    this.#verifier = exchange.verifier
    this.#serverNonce = checkNonce(exchange.serverNonce)
    this.#binding = exchange.binding
  }

  /**
   * Reads client-first-message, returns server-first-message.
   * @throws ScramError
   */
  first(message: string): string {
    // RFC 5802 §7: gs2-header = gs2-cbind-flag "," [ authzid ] ","
    const header = /^([^,]*),([^,]*),/.exec(message)
    if (!header) throw new ScramError('malformed', 'invalid GS2 header')
    const [gs2Header, flag, authorization] = header as unknown as [string, string, string]
    this.#checkFlag(flag)
    if (authorization !== '') throw new ScramError('malformed', 'SCRAM authorization identity is not supported')
    this.#gs2Header = gs2Header
    const bare = message.slice(gs2Header.length)
    this.#nonce = checkNonce(attributes(bare, ['n', 'r']).r) + this.#serverNonce
    const salt = Buffer.from(this.#verifier.salt).toString('base64')
    const answer = `r=${this.#nonce},s=${salt},i=${this.#verifier.iterations}`
    this.#authMessage = `${bare},${answer}`
    return answer
  }

  /** RFC 5802 §6: what the client says of channel binding must fit what we offered and what it chose. */
  #checkFlag(flag: string): void {
    const plus = this.#mechanism === SCRAM_SHA_256_PLUS
    if (flag === 'n' && !plus) return
    if (flag === 'y' && !plus) {
      // The client could bind and believes that we cannot: if we said that we can, somebody took it out on the way.
      if (this.#binding) throw new ScramError('downgraded', 'the client supports channel binding but was told that the server does not')
      return
    }
    if (flag === `p=${BINDING_TYPE}` && plus) return
    throw new ScramError('malformed', 'SCRAM channel binding does not fit the mechanism')
  }

  /**
   * Reads client-final-message, returns server-final-message: the client knows the password.
   * @throws ScramError with the reason `proof` where it does not
   */
  final(message: string): string {
    if (this.#nonce === '') throw new ScramError('malformed', 'SCRAM messages out of order')
    const proofAt = message.lastIndexOf(',p=')
    if (proofAt < 0) throw new ScramError('malformed', 'SCRAM proof expected')
    const withoutProof = message.slice(0, proofAt)
    const proof = fromBase64(message.slice(proofAt + 3))
    const { c, r } = attributes(withoutProof, ['c', 'r'])
    const bound = this.#mechanism === SCRAM_SHA_256_PLUS ? this.#binding! : Buffer.alloc(0)
    if (!equal(fromBase64(c), Buffer.concat([Buffer.from(this.#gs2Header), bound]))) {
      throw new ScramError('downgraded', 'SCRAM channel binding check failed')
    }
    if (!equal(Buffer.from(r), Buffer.from(this.#nonce))) throw new ScramError('malformed', 'SCRAM nonce does not match')
    if (proof.length !== KEY_LENGTH) throw new ScramError('malformed', 'invalid SCRAM proof')

    const authMessage = `${this.#authMessage},${withoutProof}`
    this.#nonce = '' // one answer for one challenge
    const clientKey = xor(proof, hmac(this.#verifier.storedKey, authMessage))
    if (!equal(sha256(clientKey), this.#verifier.storedKey)) throw new ScramError('proof', 'SCRAM proof is wrong')
    return `v=${hmac(this.#verifier.serverKey, authMessage).toString('base64')}`
  }
}
