import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { CredentialsError } from './errors.ts'
import type { CredentialProgram } from './target-settings.ts'

/** One context of a kubeconfig, as far as the gateway uses it. Paths are absolute. */
export interface KubeconfigContext {
  readonly server: URL
  readonly serverName?: string
  /** PEM, or where it stands; absent: the system's. */
  readonly ca?: InlineOrFile
  readonly user: KubeconfigUser
}

export type InlineOrFile = { readonly text: string } | { readonly path: string }

export type KubeconfigUser =
  | { readonly by: 'token'; readonly token: InlineOrFile }
  | { readonly by: 'certificate'; readonly certificate: InlineOrFile; readonly key: InlineOrFile }
  | { readonly by: 'exec'; readonly program: CredentialProgram }

const text = z
  .string()
  .min(1)
  .max(64 * 1024)

const cluster = z.object({
  server: text,
  'certificate-authority': text.optional(),
  'certificate-authority-data': text.optional(),
  'tls-server-name': text.optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'proxy-url': text.optional(),
})

const exec = z.object({
  apiVersion: z.enum(['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']),
  command: text,
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: text, value: z.string() })).nullish(),
  interactiveMode: z.string().optional(),
  provideClusterInfo: z.boolean().optional(),
})

const user = z.object({
  token: text.optional(),
  tokenFile: text.optional(),
  'client-certificate': text.optional(),
  'client-certificate-data': text.optional(),
  'client-key': text.optional(),
  'client-key-data': text.optional(),
  exec: exec.optional(),
  as: text.optional(),
  'auth-provider': z.unknown().optional(),
  username: text.optional(),
})

const kubeconfig = z.object({
  kind: z.literal('Config').optional(),
  'current-context': z.string().optional(),
  clusters: z.array(z.object({ name: text, cluster })),
  users: z.array(z.object({ name: text, user })),
  contexts: z.array(z.object({ name: text, context: z.object({ cluster: text, user: text }) })),
})

/**
 * Reads one context of a kubeconfig (v1 Config). What the gateway would not do as the file says is refused, never left out.
 *
 * @param path of the file, absolute; relative paths in it start from its folder
 * @param context absent: `current-context`
 * @throws CredentialsError GS_SECRET_KUBECONFIG that says why, never with anything of a secret
 */
export function readKubeconfig(yaml: string, path: string, context?: string): KubeconfigContext {
  const wrong = (why: string) => new CredentialsError('GS_SECRET_KUBECONFIG', `The kubeconfig ${path} ${why}.`)
  const file = kubeconfig.safeParse(parsed(yaml))
  if (!file.success) throw wrong(`is not one: ${file.error.issues[0]?.path.join('.') || 'it'} is not as it must be`)
  const name = context ?? file.data['current-context']
  if (name === undefined || name === '') throw wrong('has no current-context, and none is named')
  const found = file.data.contexts.find((each) => each.name === name)?.context
  if (found === undefined) throw wrong(`has no context ${JSON.stringify(name)}`)
  const at = file.data.clusters.find((each) => each.name === found.cluster)?.cluster
  const who = file.data.users.find((each) => each.name === found.user)?.user
  if (at === undefined || who === undefined) throw wrong(`lacks the cluster or the user of the context ${JSON.stringify(name)}`)
  if (at['insecure-skip-tls-verify']) throw wrong('would have its cluster not verified; it needs a certificate-authority')
  if (at['proxy-url'] !== undefined) throw wrong('names a proxy, which the gateway does not use')
  const inline = inlineOrFile(dirname(path))
  const ca = inline(at['certificate-authority-data'], at['certificate-authority'])
  return {
    server: serverOf(at.server, wrong),
    ...(at['tls-server-name'] !== undefined && { serverName: at['tls-server-name'] }),
    ...(ca && { ca }),
    user: userOf(who, at, dirname(path), wrong),
  }
}

function userOf(who: z.output<typeof user>, at: z.output<typeof cluster>, folder: string, wrong: (why: string) => Error): KubeconfigUser {
  const inline = inlineOrFile(folder)
  if (who.as !== undefined) throw wrong('has its user act as another one; impersonate: true of the resource does what it is about')
  if (who['auth-provider'] !== undefined) throw wrong('uses an auth-provider, which Kubernetes has given up for exec')
  if (who.username !== undefined) throw wrong('uses a password, which Kubernetes has given up')
  if (who.exec) return { by: 'exec', program: programOf(who.exec, at, folder, wrong) }
  const certificate = inline(who['client-certificate-data'], who['client-certificate'])
  const key = inline(who['client-key-data'], who['client-key'])
  // tokenFile wins over token, as in client-go.
  const token = who.tokenFile === undefined ? who.token : undefined
  if (who.tokenFile !== undefined) return { by: 'token', token: { path: resolve(folder, who.tokenFile) } }
  if (token !== undefined) return { by: 'token', token: { text: token } }
  if (certificate && key) return { by: 'certificate', certificate, key }
  throw wrong('has a user with neither a token, a certificate with its key, nor exec')
}

function programOf(
  { apiVersion, command, args, env, interactiveMode, provideClusterInfo }: z.output<typeof exec>,
  at: z.output<typeof cluster>,
  folder: string,
  wrong: (why: string) => Error,
): CredentialProgram {
  if (interactiveMode === 'Always') throw wrong('has a program that needs somebody at a terminal')
  const { server, 'certificate-authority-data': ca, 'tls-server-name': name } = at
  return {
    apiVersion,
    // As client-go: with a slash it is a path from the file's folder, without one a name in PATH.
    command: command.includes('/') ? resolve(folder, command) : command,
    arguments: args ?? [],
    env: Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
    ...(provideClusterInfo && {
      cluster: { server, ...(ca && { 'certificate-authority-data': ca }), ...(name && { 'tls-server-name': name }) },
    }),
  }
}

/** Data wins over a file, as in client-go. */
const inlineOrFile =
  (folder: string) =>
  (data: string | undefined, path: string | undefined): InlineOrFile | undefined => {
    if (data !== undefined) return { text: Buffer.from(data, 'base64').toString('utf8') }
    return path === undefined ? undefined : { path: resolve(folder, path) }
  }

function serverOf(server: string, wrong: (why: string) => Error): URL {
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) throw wrong('has a server that is no URL')
  const url = new URL(server)
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw wrong('has a server with more than an address')
  return url
}

function parsed(yaml: string): unknown {
  try {
    const document = parseDocument(yaml, { uniqueKeys: true })
    // A file of a few lines can otherwise unfold into gigabytes.
    return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 })
  } catch {
    return undefined
  }
}
