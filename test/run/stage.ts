import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtCommand } from '../parts/built.ts'
import { type Ran, runCommand } from '../parts/command.ts'
import type { GatewayOptions } from '../parts/gateway.ts'
import { AUDIENCE } from '../parts/gateway-config.ts'
import { type GitHubMinting, startGitHubMinting } from '../parts/github-minting.ts'
import { openShop, type Shop } from '../parts/shop.ts'

/** A shop, and a step of GitHub Actions in front of it. */
export interface Stage {
  readonly shop: Shop
  readonly github: GitHubMinting
  /** Where the job is started: its workspace. */
  readonly folder: string
  /** `gatescribe`, as it is published. */
  readonly command: string
  /** Its environment: a step's, and a home with something in it. */
  environment(more?: Readonly<Record<string, string>>, claims?: Record<string, unknown>): Record<string, string>
  /** `gatescribe run <words>`. */
  run(words: readonly string[], more?: Readonly<Record<string, string>>, patience?: number): Promise<Ran>
  close(): Promise<void>
}

export async function openStage(options: { gateway?: Partial<GatewayOptions> } = {}): Promise<Stage> {
  const shop = await openShop(options)
  const github = await startGitHubMinting(shop.issuer)
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-stage-'))
  const command = await builtCommand()
  writeFileSync(join(folder, 'ca.pem'), shop.gateway.ca)
  const environment: Stage['environment'] = (more = {}, claims) => ({
    ...{ PATH: process.env.PATH ?? '', HOME: folder, USER: 'runner', TZ: 'UTC', LANG: 'C.UTF-8' },
    ...github.step(claims),
    GATESCRIBE_GATEWAY: `https://localhost:${shop.gateway.tokenPort}`,
    GATESCRIBE_CA: join(folder, 'ca.pem'),
    GATESCRIBE_AUDIENCE: AUDIENCE,
    ...more,
  })
  return {
    ...{ shop, github, folder, command, environment },
    run: (words, more, patience = 30_000) =>
      runCommand(process.execPath, [command, 'run', ...words], { cwd: folder, env: environment(more), patience }),
    async close() {
      await github.close()
      await shop.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
