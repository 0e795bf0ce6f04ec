import { hash } from 'node:crypto'

/** What a connector signs so that nobody else can enrol its key, under another name, or with its token. */
export function saidAtEnrolment(
  publicKey: Uint8Array,
  name: string | undefined,
  shown: { readonly token: string } | { readonly workloadToken: string },
): readonly (string | Uint8Array)[] {
  const [kind, token] = 'token' in shown ? ['token', shown.token] : ['workload', shown.workloadToken]
  return [publicKey, name ?? '', kind, hash('sha256', token, 'buffer')]
}

/** What it signs to open a tunnel. */
export const saidAtTunnel = (id: string, version: string): readonly string[] => [id, version]
