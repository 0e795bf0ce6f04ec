import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { JobFiles } from './job-variables.ts'
import { kubeconfig } from './kubeconfig.ts'
import type { Environment } from './passed-environment.ts'
import type { PlaneAnswers } from './plane-answers.ts'
import { bundleOf, read, systemRoots } from './roots.ts'

/** The home folder of one run. */
export interface JobHome {
  readonly files: JobFiles
  /** What leads to the caller's own: where it is, and caches and tools that would be looked for below it. */
  readonly variables: Readonly<Record<string, string>>
  /** Removes it. Whoever still has a file of it open keeps that. */
  remove(): void
}

export interface JobHomeParts {
  readonly run: string
  readonly planes: PlaneAnswers
  readonly gatewayHost: string
  /** PEM of the gateway's authority; undefined: what the system trusts. */
  readonly ca: string | undefined
  readonly env: Environment
  /** The context of kubectl, where several clusters could be meant. */
  readonly cluster?: string | undefined
  /** Whether the launcher goes before the run does: then nobody sweeps this away while it is young. */
  readonly outlives?: boolean
}

const PREFIX = 'gatescribe-run-'
/** Whose it is: the process that removes it, and where that is a process. */
const OWNER = '.gatescribe/launcher.pid'
/** A folder that was made for a shell goes when a run can be live no longer; ms. */
const LONGEST_RUN = 24 * 3_600_000

/**
 * Below HOME, and where else it would be looked for. Tools and caches, which the caller has in any case and which open nothing.
 * Caches of a job that cannot be trusted are no place to install from: docs/run.md says so.
 */
const BELOW_HOME: readonly (readonly [variable: string, path: string])[] = [
  ['XDG_CACHE_HOME', '.cache'],
  ['npm_config_cache', '.npm'],
  ['PYTHONUSERBASE', '.local'],
  ['PYENV_ROOT', '.pyenv'],
  ['RUSTUP_HOME', '.rustup'],
  ['GOPATH', 'go'],
  ['NUGET_PACKAGES', '.nuget/packages'],
]

/** Makes the home folder of a run, readable by this user only. @throws what the file system does; LaunchError GS_LAUNCH_ANSWER */
export function jobHome({ run, planes, gatewayHost, ca, env, cluster, outlives = false }: JobHomeParts): JobHome {
  sweep()
  const home = mkdtempSync(join(tmpdir(), PREFIX))
  try {
    const write = (name: string, text: string): string => {
      const path = join(home, name)
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
      return path
    }
    write(OWNER, outlives ? 'none' : `${process.pid} ${processes()}`)
    const ours = bundleOf(ca, planes.proxy?.ca)
    const extra = bundleOf(ours, env.NODE_EXTRA_CA_CERTS && read(env.NODE_EXTRA_CA_CERTS))
    const bundle = write('.gatescribe/ca-bundle.pem', bundleOf(systemRoots(env), extra))
    const authority = ca === undefined ? undefined : write('.gatescribe/ca.pem', bundleOf(ca))
    const postgresRoots = authority ?? bundle
    const { kubernetes, postgres } = planes
    const clusters = kubernetes !== undefined && kubernetes.resources.length > 0
    const files: JobFiles = {
      home,
      bundle,
      postgresRoots,
      extraRoots: extra === '' ? undefined : write('.gatescribe/extra-roots.pem', extra),
      kubeconfig: clusters
        ? write('.kube/config', kubeconfig({ ...kubernetes, ca, user: { token: kubernetes.credential }, current: cluster }))
        : undefined,
      serviceFile: write('.pg_service.conf', serviceFile(postgres.host ?? gatewayHost, postgres, postgresRoots)),
      passFile: write('.pgpass', passFile(postgres.host ?? gatewayHost, postgres)),
      // There, so that nobody looks further, and without a word: requests would send what it says instead of what a job says.
      netrc: write('.netrc', ''),
      dockerConfig: dirname(write('.docker/config.json', '{}\n')),
      runFile: write('.gatescribe/run.json', `${JSON.stringify({ run, ca: authority, planes }, null, 2)}\n`),
    }
    return { files, variables: callersOwn(env), remove: () => rmSync(home, { recursive: true, force: true }) }
  } catch (error) {
    rmSync(home, { recursive: true, force: true })
    throw error
  }
}

/** libpq-pgservice. */
function serviceFile(host: string, { port = 5432, user }: PlaneAnswers['postgres'], roots: string): string {
  return `[gatescribe]\nhost=${host}\nport=${port}\nuser=${user}\nsslmode=verify-full\nsslrootcert=${roots}\n`
}

/** libpq-pgpass: for the gateway alone, whatever else a job connects to. */
function passFile(host: string, { port = 5432, credential }: PlaneAnswers['postgres']): string {
  const escaped = [host, String(port), '*', '*', credential].map((field) => field.replace(/[\\:]/g, String.raw`\$&`))
  return `${escaped.join(':')}\n`
}

function callersOwn(env: Environment): Record<string, string> {
  const own = env.HOME || homedir()
  // A path of several lines would be more than one of them in a file of variables.
  if (/\p{Cc}/u.test(own)) return {}
  const variables: Record<string, string> = { GATESCRIBE_CALLER_HOME: own }
  for (const [name, path] of BELOW_HOME) {
    const there = join(own, path)
    if (!env[name] && existsSync(there)) variables[name] = there
  }
  return variables
}

/** What launchers left that were killed. */
function sweep(): void {
  const folder = resolve(tmpdir())
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(PREFIX)) continue
    const path = join(folder, name)
    try {
      const found = lstatSync(path)
      if (!found.isDirectory() || found.uid !== process.getuid?.()) continue
      const owner = readFileSync(join(path, OWNER), 'latin1')
      const [, pid, where] = /^(\d+) (.*)$/.exec(owner) ?? []
      // A container that shares this folder has processes of its own, which are not seen from here.
      const isGone = pid !== undefined && where === processes() ? !isAlive(Number(pid)) : Date.now() - found.mtimeMs > LONGEST_RUN
      if (isGone) rmSync(path, { recursive: true, force: true })
    } catch {
      // Being made, or being removed: somebody else's.
    }
  }
}

/** Which of several sets of processes on this machine we are in (pid_namespaces(7)); where there are no such sets, the machine's. */
function processes(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return 'machine'
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
