import { gunzipSync, gzipSync } from 'node:zlib'
import { type JsonPlace, JsonRewriter, jsonString, MaskingError } from '../../../masking/index.ts'
import { type FieldPlace, fieldPlaces, type MaskOperator, objectFields } from '../../../operations/index.ts'
import { maskToken } from './mask-token.ts'

/** Of a release that is larger, nothing is shown. Bytes. */
const LARGEST = 4 * 1024 * 1024
const GZIP = Buffer.of(0x1f, 0x8b)

/** What of a release says which one it is, and how it does: enough for `helm list`, `status` and `history`. */
const SHOWN = places([
  ...[
    'name',
    'namespace',
    'version',
    'apply_method',
    'labels.*',
    'info.status',
    'info.first_deployed',
    'info.last_deployed',
    'info.deleted',
  ],
  ...['chart.metadata', 'chart.lock', 'chart.templates.*.name', 'chart.templates.*.modtime', 'chart.files.*.name', 'chart.files.*.modtime'],
  ...['chart.modtime', 'hooks.*.name', 'hooks.*.kind', 'hooks.*.path', 'hooks.*.weight', 'hooks.*.events', 'hooks.*.last_run'],
  ...['hooks.*.delete_policies', 'hooks.*.output_log_policies'],
])
const ENCODED = places(['chart.templates.*.data', 'chart.files.*.data', 'chart.schema'])

function places(paths: readonly string[]): FieldPlace<true> {
  return fieldPlaces(paths.flatMap((path) => (objectFields(`*:${path}`) ?? []).map((field) => [field, true] as const)))
}

/**
 * A release of Helm as its storage keeps it, base64 of compressed JSON, of which only its name and state are shown: what it was made of, the
 * values that it was given and what was written to the cluster are not.
 *
 * @param stored as it stands in an object. @param wrapped whether it is in base64 once more, as in Secrets. @param key of the operator `hash`
 * @returns the same again; undefined where it is not one that can be read
 */
export function maskRelease(stored: string, wrapped: boolean, as: MaskOperator, key: Uint8Array | undefined): string | undefined {
  const packed = Buffer.from(wrapped ? Buffer.from(stored, 'base64').toString('latin1') : stored, 'base64')
  try {
    const isPacked = packed.subarray(0, GZIP.length).equals(GZIP)
    const json = isPacked ? gunzipSync(packed, { maxOutputLength: LARGEST }) : packed
    if (json[0] !== 0x7b || json.length > LARGEST) return undefined
    const rewriter = new JsonRewriter(place(SHOWN, ENCODED, as, key))
    const masked = Buffer.concat([rewriter.push(json), rewriter.end()])
    const text = (isPacked ? gzipSync(masked) : masked).toString('base64')
    return wrapped ? Buffer.from(text).toString('base64') : text
  } catch (error) {
    if (error instanceof MaskingError || isZlib(error)) return undefined
    throw error
  }
}

/** @returns JSON, where `token` is a release that can be read */
export function maskReleaseToken(token: string, wrapped: boolean, as: MaskOperator, key: Uint8Array | undefined): Uint8Array | undefined {
  const masked = as === 'null' ? undefined : maskRelease(token, wrapped, as, key)
  return masked === undefined ? undefined : jsonString(Buffer.from(masked))
}

function place(shown: FieldPlace<true>, encoded: FieldPlace<true>, as: MaskOperator, key: Uint8Array | undefined): JsonPlace {
  return {
    live: true,
    member: (name) => place(shown.member(name), encoded.member(name), as, key),
    element: () => place(shown.element(), encoded.element(), as, key),
    replace: shown.owner ? undefined : (token) => maskToken(token, as, encoded.owner === true, key),
  }
}

const isZlib = (error: unknown) => error instanceof Error && /^(Z_|ERR_BUFFER_TOO_LARGE)/.test((error as NodeJS.ErrnoException).code ?? '')
