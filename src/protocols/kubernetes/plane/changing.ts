import type { Decision, Facts } from '../../../operations/index.ts'
import { type Admitted, type ChangedAnswer, type Exchange, type HeaderPairs, type HttpTarget, inOrder } from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'
import { answerMasks } from '../mask/index.ts'
import type { Asked } from './asked.ts'
import { withHeader } from './headers.ts'
import { reviewChange } from './review-change.ts'

/** What is made of a request on its way to the API server, and of its answer on the way back. */
export interface Changing {
  /** Headers to ask with. */
  readonly headers: HeaderPairs
  /** @throws KubernetesError where nothing of the answer may be shown */
  change(answer: { readonly status: number; readonly headers: HeaderPairs }, target: HttpTarget): ChangedAnswer
}

/**
 * @param headers as they would be forwarded. @param maskKey of the operator `hash` of masks
 * @throws KubernetesError GS_K8S_NOT_ACCEPTABLE where the client accepts nothing that could be changed as it must
 */
export function changing(
  exchange: Exchange,
  asked: Asked,
  { decision }: Admitted,
  headers: HeaderPairs,
  maskKey: Uint8Array | undefined,
): Changing {
  const { changed, of } = bodyChanging(exchange, asked, decision, headers, maskKey)
  const warning = breakGlassWarning(exchange)
  return {
    headers: changed,
    change({ status, headers: answered }, target) {
      const { headers: shown, body } = of(status, answered)
      return {
        headers: warning ? [...shown, warning] : shown,
        // What is behind a proxy may show what it was sent; an API server never does.
        body: asked.request.proxied ? inOrder(target.redactor(), body) : body,
      }
    },
  }
}

function bodyChanging(exchange: Exchange, asked: Asked, { masks = [] }: Decision, headers: HeaderPairs, key: Uint8Array | undefined) {
  // It holds nothing that a mask covers, and what one may do is not to be had without our own answer.
  if (isReview(asked)) {
    const json = withHeader(withHeader(headers, 'accept-encoding', 'identity'), 'accept', 'application/json')
    const body = () => reviewChange((facts) => decide(exchange, facts))
    const of = (_: number, answered: HeaderPairs): ChangedAnswer => ({ headers: withoutLength(answered), body: body() })
    return { changed: json, of }
  }
  const { group, resource, subresource, verb } = asked.request.info
  const shows = !asked.operation.facts?.effects.every(({ class: of }) => of === 'session')
  const masking = masks.length > 0 ? answerMasks({ masks, group, resource, subresource, verb, key, shows }) : undefined
  if (masking) {
    if (subresource === 'log' && asked.request.values.has('limitBytes')) {
      throw new KubernetesError('GS_K8S_NOT_ACCEPTABLE', 'Masks look into logs: they are not cut within a line. Ask without limitBytes.')
    }
    const of = (status: number, answered: HeaderPairs): ChangedAnswer => masking.answer(status, answered)
    return { changed: masking.requestHeaders(headers), of }
  }
  return { changed: headers, of: (_: number, answered: HeaderPairs): ChangedAnswer => ({ headers: answered }) }
}

function isReview({ operation }: Asked): boolean {
  return operation.facts?.effects.some(({ action }) => action === 'self review') === true
}

/** What the rules say of a request that is not made. */
function decide({ guard, session }: Exchange, facts: Facts): Decision {
  return guard.decide(session, { protocol: 'kubernetes', form: 'request', statement: { text: NOTHING }, facts })
}

const NOTHING = new Uint8Array(0)

function withoutLength(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => !/^content-length$/i.test(name))
}

/** kubectl prints a warning (RFC 7234 §5.5, code 299) once per command. */
function breakGlassWarning({ session: { breakGlass } }: Exchange): readonly [string, string] | undefined {
  if (!breakGlass) return undefined
  const until = new Date(breakGlass.until).toISOString()
  return ['Warning', `299 - "Under break-glass ${breakGlass.id} until ${until}: everything is recorded, and somebody else reviews it."`]
}
