import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { type Choice, choiceOf, chosenOf } from './chosen-resource.ts'
import { LaunchError } from './errors.ts'
import { type Forwarder, startForwarder } from './forwarder.ts'
import { jobHome } from './home.ts'
import { jobVariables } from './job-variables.ts'
import { type PassedEnvironment, type Passing, passedEnvironment } from './passed-environment.ts'
import type { PlaneAnswers } from './plane-answers.ts'
import { traceparentOf } from './traceparent.ts'

export interface PreparationParts extends Passing {
  readonly run: string
  readonly planes: PlaneAnswers
  /** Host of the token door. */
  readonly gatewayHost: string
  /** PEM of the gateway's authority; undefined: what the system trusts. */
  readonly ca: string | undefined
  /** Names of resources that are asked for. */
  readonly asked?: readonly string[]
  /** Whether nobody stays with the job: then clients speak TLS to the gateway's proxy themselves, and its home folder is nobody's to remove. */
  readonly unattended?: boolean
}

/** All that a job is given. */
export interface PreparedJob extends Omit<PassedEnvironment, 'variables'> {
  /** Its whole environment. */
  readonly variables: Readonly<Record<string, string>>
  /** Those of them that are not the caller's. */
  readonly ours: Readonly<Record<string, string>>
  readonly choices: readonly Choice[]
  /** Its home folder. */
  readonly home: string
  readonly traceparent: string
  /** Removes what was made for it. */
  remove(): void
}

/** Makes environment, home folder and forwarder of a job. @throws LaunchError */
export async function prepareJob(parts: PreparationParts): Promise<PreparedJob> {
  const { run, planes, gatewayHost, ca, env, asked = [], unattended = false } = parts
  const { variables: passed, ...rest } = passedEnvironment(parts)
  const traceparent = traceparentOf(env.TRACEPARENT)
  const cluster = planes.kubernetes && chosenOf(planes.kubernetes.resources, asked)?.name
  const home = made(() => jobHome({ run, planes, gatewayHost, ca, env, cluster, outlives: unattended }))
  let forwarder: Forwarder | undefined
  const remove = () => {
    forwarder?.close()
    home.remove()
  }
  try {
    const { proxy } = planes
    forwarder = proxy === undefined || unattended ? undefined : await startForwarder({ ...proxy, ca })
    const at = forwarder === undefined ? proxy && `https://${run}:${proxy.credential}@${authority(proxy)}` : undefined
    const proxyUrl = proxy && forwarder ? `http://${run}:${proxy.credential}@127.0.0.1:${forwarder.port}` : at
    const hostAddress = planes.postgres.port === undefined ? undefined : await addressOf(planes.postgres.host ?? gatewayHost)
    const { files } = home
    const named = jobVariables({ run, planes, gatewayHost, hostAddress, passed, asked, files, proxyUrl, traceparent })
    const clusters = planes.kubernetes?.resources ?? []
    const choices = cluster === undefined ? named.choices : [...named.choices, choiceOf('kubectl', { name: cluster }, clusters)]
    const ours = { ...home.variables, ...named.variables }
    return {
      ...rest,
      removed: without(rest.removed, ours),
      variables: { ...passed, ...ours },
      ours,
      choices,
      home: files.home,
      traceparent,
      remove,
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** What has another value now was not removed; the launcher's own settings are nobody's loss. */
function without(removed: PassedEnvironment['removed'], ours: Readonly<Record<string, string>>): PassedEnvironment['removed'] {
  return { ...removed, elsewhere: removed.elsewhere.filter((name) => !(name in ours) && !name.startsWith('GATESCRIBE_')) }
}

function made<T>(make: () => T): T {
  try {
    return make()
  } catch (cause) {
    if (cause instanceof LaunchError) throw cause
    throw new LaunchError('GS_LAUNCH_HOME', (cause as NodeJS.ErrnoException).code, { cause })
  }
}

/** Resolved once, for libpq: what the name means cannot change during the run. Undefined where it is an address, or cannot be resolved here. */
async function addressOf(host: string): Promise<string | undefined> {
  if (isIP(host) !== 0) return undefined
  return lookup(host).then(
    ({ address }) => address,
    () => undefined,
  )
}

function authority({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}
