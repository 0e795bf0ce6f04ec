import { randomBytes } from 'node:crypto'
import type { TargetSecret } from '../../../operations/index.ts'
import {
  type AuthenticationRequest,
  buildPassword,
  buildSaslInitialResponse,
  buildSaslResponse,
  md5Password,
} from '../wire/authentication.ts'
import { SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramError } from '../wire/scram.ts'
import { ScramClient } from '../wire/scram-client.ts'
import { LoginError } from './errors.ts'
import type { Transport } from './transport.ts'

/** 18 bytes give 24 printable characters of nonce, as in libpq. */
const NONCE_BYTES = 18

type Stage = 'asked-nothing' | 'answered' | 'scram-begun' | 'scram-answered' | 'scram-proven'

/** Answers the target's Authentication messages in the order that each method has, and no other. */
export class Authentication {
  readonly #secret: TargetSecret
  readonly #transport: Transport
  #scram: ScramClient | undefined
  #stage: Stage = 'asked-nothing'

  constructor(secret: TargetSecret, transport: Transport) {
    this.#secret = secret
    this.#transport = transport
  }

  /**
   * @returns what to send; undefined where there is nothing to send; `done` at AuthenticationOk
   * @throws LoginError
   */
  async answer(request: AuthenticationRequest): Promise<Buffer | 'done' | undefined> {
    switch (request.kind) {
      case 'ok':
        // A server that stops half-way through SCRAM has not proven that it knows the password.
        if (this.#stage === 'scram-begun' || this.#stage === 'scram-answered') throw new LoginError('GS_TARGET_NOT_PROVEN')
        return 'done'
      case 'cleartext':
        this.#advance('asked-nothing', 'answered')
        // Whoever listens, or only claims to be the target, would have it.
        if (!this.#transport.verified) {
          throw new LoginError('GS_TARGET_LOGIN_METHOD', {
            reason: 'The target asks for a cleartext password on a connection without TLS.',
          })
        }
        return buildPassword(this.#password())
      case 'md5':
        this.#advance('asked-nothing', 'answered')
        return buildPassword(md5Password(this.#secret.user, this.#password(), request.salt))
      case 'sasl':
        this.#advance('asked-nothing', 'scram-begun')
        return this.#beginScram(request.mechanisms)
      case 'sasl-continue':
        this.#advance('scram-begun', 'scram-answered')
        return buildSaslResponse(await checked(() => this.#scram!.answer(request.message)))
      case 'sasl-final':
        this.#advance('scram-answered', 'scram-proven')
        await checked(() => this.#scram!.verify(request.message))
        return undefined
      case 'other':
        throw new LoginError('GS_TARGET_LOGIN_METHOD')
    }
  }

  #advance(from: Stage, to: Stage): void {
    if (this.#stage !== from) throw new LoginError('GS_TARGET_PROTOCOL', { reason: 'The target sent log-in messages out of order.' })
    this.#stage = to
  }

  #beginScram(mechanisms: readonly string[]): Buffer {
    const { binding } = this.#transport
    const bound = binding !== undefined && mechanisms.includes(SCRAM_SHA_256_PLUS)
    if (!bound && !mechanisms.includes(SCRAM_SHA_256)) throw new LoginError('GS_TARGET_LOGIN_METHOD')
    this.#scram = new ScramClient({
      password: this.#password(),
      nonce: randomBytes(NONCE_BYTES).toString('base64'),
      binding: bound ? binding : undefined,
      serverLacksBinding: binding !== undefined,
    })
    return buildSaslInitialResponse(bound ? SCRAM_SHA_256_PLUS : SCRAM_SHA_256, this.#scram.first())
  }

  #password(): string {
    const { password } = this.#secret
    if (password === undefined || password === '' || password.includes('\0')) {
      throw new LoginError('GS_TARGET_LOGIN_METHOD', {
        reason: 'The target asks for a password, and this credential has none that can be sent.',
      })
    }
    return password
  }
}

async function checked<Result>(step: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    if (!(error instanceof ScramError)) throw error
    if (error.reason === 'proof') throw new LoginError('GS_TARGET_NOT_PROVEN')
    throw new LoginError('GS_TARGET_PROTOCOL', { reason: `SCRAM with the target failed: ${error.message}.` })
  }
}
