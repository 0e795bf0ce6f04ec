import type { BodyMasking } from '../../../masking/index.ts'

/** A Status is small; of what is larger nothing is shown. Bytes. */
const LONGEST_STATUS = 256 * 1024
/** Reasons whose messages say names, versions and times, whoever writes them. */
const TELLING_NO_VALUE: ReadonlySet<string> = new Set([
  ...['NotFound', 'AlreadyExists', 'Unauthorized', 'TooManyRequests', 'ServerTimeout', 'Timeout', 'ServiceUnavailable'],
  ...['MethodNotAllowed', 'NotAcceptable', 'UnsupportedMediaType', 'Gone', 'Expired', 'RequestEntityTooLarge'],
])
/** What the API server's own authorizer and registry say. */
const OWN_WORDS = [
  /^[\w.-]+(?: "[\w.:-]*")? is forbidden: User "[^"\n]*" cannot \w+ resource "[\w./-]*" in API group "[\w.-]*"(?: in the namespace "[\w-]*"| at the cluster scope)?$/,
  /^Operation cannot be fulfilled on [\w.-]+ "[\w.:-]*": the object has been modified; please apply your changes to the latest version and try again$/,
]
const WITHHELD = 'The words of the API server are withheld, as a mask covers fields of this resource and they may quote them.'

/**
 * An error about a resource of which fields are masked: what it says may quote what stands in them, as the words of validation do.
 * @param status in HTTP
 */
export function statusMasking(status: number): BodyMasking {
  const chunks: Uint8Array[] = []
  let bytes = 0
  return {
    keepsLength: false,
    deadline: undefined,
    push(chunk) {
      bytes += chunk.length
      if (bytes <= LONGEST_STATUS) chunks.push(Uint8Array.from(chunk))
      return new Uint8Array(0)
    },
    expire: () => new Uint8Array(0),
    end: () =>
      bytes === 0 ? new Uint8Array(0) : Buffer.from(`${JSON.stringify(shown(bytes <= LONGEST_STATUS ? read(chunks) : {}, status))}\n`),
    counts: () => [],
  }
}

type Fields = Readonly<Record<string, unknown>>

function read(chunks: readonly Uint8Array[]): Fields {
  try {
    return fieldsOf(JSON.parse(Buffer.concat(chunks).toString()))
  } catch {
    return {}
  }
}

/** What a Status says without its words, and its words where these are known. */
function shown(said: Fields, status: number): Fields {
  const reason = wordOf(said.reason)
  const details = fieldsOf(said.details)
  const message = typeof said.message === 'string' && isHarmless(reason, said.message) ? said.message : WITHHELD
  const causes = Array.isArray(details.causes) ? details.causes.map((cause) => causeOf(fieldsOf(cause))) : undefined
  return {
    ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason },
    details: {
      ...Object.fromEntries(
        ['name', 'group', 'kind', 'uid'].flatMap((name) => (details[name] === undefined ? [] : [[name, wordOf(details[name])]])),
      ),
      ...(causes && { causes }),
      ...(typeof details.retryAfterSeconds === 'number' && { retryAfterSeconds: details.retryAfterSeconds }),
    },
    code: status,
  }
}

const isHarmless = (reason: string, message: string) => TELLING_NO_VALUE.has(reason) || OWN_WORDS.some((words) => words.test(message))

/** Which field it is about may be said; what is wrong with its value may not. */
const causeOf = ({ reason, field }: Fields) => ({ reason: wordOf(reason), message: WITHHELD, field: wordOf(field) })

/** A name or path, and nothing longer. */
const wordOf = (value: unknown) => (typeof value === 'string' && /^[\w.:/[\]-]{0,253}$/.test(value) ? value : '')

const fieldsOf = (value: unknown): Fields => (value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : {})
