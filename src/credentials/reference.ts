/**
 * Where a secret stands. The configuration holds references, never secrets; they are resolved when they are used.
 * `env:NAME` · `file:path` · `command:/absolute/path argument …` · `secret:name` (the gateway's own sealed store)
 */
export type Reference =
  | { readonly from: 'env'; readonly name: string }
  /** `path` is absolute: relative ones were resolved against the configuration's folder. */
  | { readonly from: 'file'; readonly path: string }
  /** Run without a shell; split at spaces, nothing is quoted or expanded. */
  | { readonly from: 'command'; readonly path: string; readonly arguments: readonly string[] }
  | { readonly from: 'secret'; readonly name: string }
