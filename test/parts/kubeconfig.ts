/** What a kubeconfig says of one cluster and one user, as JSON, which is YAML. */
export function writtenKubeconfig(options: {
  readonly server: string
  /** PEM. */
  readonly ca: string
  readonly user: { readonly token: string } | { readonly certificate: string; readonly key: string } | { readonly none: true }
  readonly namespace?: string
}): string {
  const { server, ca, user, namespace } = options
  const base64 = (pem: string) => Buffer.from(pem).toString('base64')
  const written =
    'token' in user
      ? { token: user.token }
      : 'certificate' in user
        ? { 'client-certificate-data': base64(user.certificate), 'client-key-data': base64(user.key) }
        : {}
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'me', user: written }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'me', ...(namespace === undefined ? {} : { namespace }) } }],
    'current-context': 'test',
  }
  return JSON.stringify(config, null, 2)
}
