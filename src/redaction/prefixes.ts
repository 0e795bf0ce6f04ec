import { BASE64URL, DIGIT, LETTER, TOKEN_DOTTED, UPPER_OR_DIGIT } from './characters.ts'
import type { SecretKind } from './redacted.ts'

/** A token that its issuer made recognisable. */
export interface Prefix {
  /** Exact case. */
  readonly prefix: string
  readonly kind: SecretKind
  /** Class of the characters behind it. */
  readonly of: number
  /** Characters behind it, at least. */
  readonly least: number
  /** Exactly `least`, and no letter or digit around it: the prefix alone says too little. */
  readonly exact?: true
  /** The prefix is also the end of common words: no letter or digit may stand before it, and a digit must be in what follows. */
  readonly strict?: true
}

const ALPHANUMERIC = DIGIT | LETTER

/** Sources: each issuer's own page about the form of its tokens; ours is src/identity/credential.ts. */
export const PREFIXES: readonly Prefix[] = [
  // Shorter than ours are: a credential that was cut is half a secret.
  { prefix: 'gs_run_', kind: 'run-credential', of: ALPHANUMERIC, least: 8 },
  { prefix: 'gs_pg_', kind: 'pg-credential', of: ALPHANUMERIC, least: 8 },
  { prefix: 'gs_k8s_', kind: 'k8s-credential', of: ALPHANUMERIC, least: 8 },
  { prefix: 'gs_http_', kind: 'http-credential', of: ALPHANUMERIC, least: 8 },
  { prefix: 'gs_model_', kind: 'model-credential', of: ALPHANUMERIC, least: 8 },
  { prefix: 'gs_mcp_', kind: 'mcp-credential', of: ALPHANUMERIC, least: 8 },
  { prefix: 'gs_proxy_', kind: 'proxy-credential', of: ALPHANUMERIC, least: 8 },
  // Of people: src/identity/people. A run never has one, so none is a leak of a run's.
  { prefix: 'gs_ps_', kind: 'access-token', of: ALPHANUMERIC, least: 8 },
  { prefix: 'gs_first_', kind: 'access-token', of: BASE64URL, least: 8 },
  // Enrols a connector: src/connector.
  { prefix: 'gs_con_', kind: 'access-token', of: ALPHANUMERIC, least: 8 },
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((prefix): Prefix => ({ prefix, kind: 'aws-key', of: UPPER_OR_DIGIT, least: 16, exact: true })),
  { prefix: 'AIza', kind: 'google-key', of: BASE64URL, least: 35 },
  { prefix: 'ya29.', kind: 'google-key', of: TOKEN_DOTTED, least: 20 },
  { prefix: 'GOCSPX-', kind: 'google-key', of: BASE64URL, least: 20 },
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((prefix): Prefix => ({ prefix, kind: 'github-token', of: BASE64URL, least: 30 })),
  { prefix: 'github_pat_', kind: 'github-token', of: BASE64URL, least: 22 },
  ...['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glcbt-', 'glsoat-', 'glft-', 'glimt-', 'glagent-', 'gloas-'].map(
    (prefix): Prefix => ({ prefix, kind: 'gitlab-token', of: TOKEN_DOTTED, least: 20 }),
  ),
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxe.', 'xapp-'].map(
    (prefix): Prefix => ({ prefix, kind: 'slack-token', of: TOKEN_DOTTED, least: 10 }),
  ),
  { prefix: 'sk-ant-', kind: 'anthropic-key', of: BASE64URL, least: 20 },
  { prefix: 'sk-', kind: 'openai-key', of: BASE64URL, least: 20, strict: true },
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'].map(
    (prefix): Prefix => ({ prefix, kind: 'access-token', of: ALPHANUMERIC, least: 16 }),
  ),
  { prefix: 'npm_', kind: 'access-token', of: ALPHANUMERIC, least: 36 },
  { prefix: 'pypi-AgE', kind: 'access-token', of: BASE64URL, least: 20 },
  { prefix: 'hf_', kind: 'access-token', of: ALPHANUMERIC, least: 30, strict: true },
  { prefix: 'dop_v1_', kind: 'access-token', of: ALPHANUMERIC, least: 40 },
  { prefix: 'shpat_', kind: 'access-token', of: ALPHANUMERIC, least: 32 },
  { prefix: 'SG.', kind: 'access-token', of: TOKEN_DOTTED, least: 60, strict: true },
  { prefix: 'hvs.', kind: 'access-token', of: BASE64URL, least: 24, strict: true },
  { prefix: 'dapi', kind: 'access-token', of: ALPHANUMERIC, least: 32, strict: true },
  { prefix: 'AGE-SECRET-KEY-1', kind: 'private-key', of: ALPHANUMERIC, least: 40 },
]
