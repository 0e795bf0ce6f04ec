import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { doorTransport } from '../../src/api/admin/client.ts'
import { type LocalClient, localClient } from '../../src/api/local/index.ts'
import { run as gatescribe } from '../../src/cli/main.ts'
import { readSessions } from '../../src/cli/session-file.ts'
import type { TestPeopleIssuer } from './people-issuer.ts'
import { testSurroundings } from './surroundings.ts'

/** How a command ended, and what it printed. */
export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** People with a command line each, who sign in at a gateway's admin door by the device flow of a real issuer. */
export class Team {
  readonly url: string
  readonly #issuers: Readonly<Record<string, TestPeopleIssuer>>
  readonly #folder = mkdtempSync(join(tmpdir(), 'gatescribe-team-'))

  /** @param url of the admin door. @param issuers by their configured names; the first is meant where an account names none */
  constructor(url: string, issuers: Readonly<Record<string, TestPeopleIssuer>>) {
    this.url = url
    this.#issuers = issuers
  }

  /** A command as this person gives it, who signs in first where they have not. @param account `ada`, or `entra/77` */
  async by(account: string, ...words: readonly string[]): Promise<Ended> {
    if (Object.keys(readSessions(this.#at(account))).length === 0) {
      const code = await this.login(account)
      if (code !== 0) throw new Error(`${account} cannot sign in: ${code}`)
    }
    const around = this.#at(account)
    return { code: await gatescribe([...words], around), ...around.printed }
  }

  /** @returns the exit code */
  async login(account: string): Promise<number> {
    const [issuer, subject] = this.#parts(account)
    const around = this.#at(account)
    const signingIn = gatescribe(['login', '--gateway', this.url, '--issuer', issuer], around)
    for (let tries = 0; !around.printed.out.includes('Code'); tries++) {
      if (tries > 500) throw new Error(`no code was shown: ${around.printed.err}`)
      await sleep(10)
    }
    const said = (word: string) => new RegExp(`${word} +(\\S+)`).exec(around.printed.out)![1]!
    await this.#issuers[issuer]!.confirm(said('Open'), said('Code'), subject)
    return signingIn
  }

  /** The token of a person who has signed in. */
  tokenOf(account: string): string {
    return readSessions(this.#at(account))[this.url]!.token
  }

  /** The API as this person, who has signed in. */
  as(account: string): LocalClient {
    return localClient(doorTransport(this.url, { token: this.tokenOf(account) }))
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #parts(account: string): readonly [issuer: string, subject: string] {
    const at = account.indexOf('/')
    return at < 0 ? [Object.keys(this.#issuers)[0]!, account] : [account.slice(0, at), account.slice(at + 1)]
  }

  #at(account: string) {
    const home = join(this.#folder, account.replace('/', '-'))
    return testSurroundings({ folder: this.#folder, env: { XDG_CONFIG_HOME: home } })
  }
}
