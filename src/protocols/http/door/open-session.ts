import type { SessionEnd } from '../../../guard/index.ts'
import type { HttpResource } from '../../../operations/index.ts'
import type { HttpPlane, HttpSession } from '../plane.ts'
import type { HttpTarget } from '../target.ts'

/** One run's session at one resource, over one connection of a client. */
export class OpenSession {
  readonly session: HttpSession
  readonly #plane: HttpPlane
  readonly #resource: HttpResource
  #target: Promise<HttpTarget> | undefined
  #closed = false

  /** @param ended called when it has to end now */
  constructor(session: HttpSession, plane: HttpPlane, resource: HttpResource, ended: (session: OpenSession) => void) {
    this.session = session
    this.#plane = plane
    this.#resource = resource
    if (session.signal.aborted) ended(this)
    else session.signal.addEventListener('abort', () => ended(this), { once: true })
  }

  /** Logged in at the first call; a log-in that failed is tried again at the next. @throws CodedError */
  target(): Promise<HttpTarget> {
    this.#target ??= this.session.connect(this.#plane.ask(this.session, this.#resource), this.session.signal).then(
      (target) => {
        if (this.#closed) target.close()
        return target
      },
      (error: unknown) => {
        this.#target = undefined
        throw error
      },
    )
    return this.#target
  }

  /** Idempotent. */
  close(why: SessionEnd): void {
    if (this.#closed) return
    this.#closed = true
    this.#target?.then((target) => target.close()).catch(() => undefined)
    this.session.close(why)
  }
}
