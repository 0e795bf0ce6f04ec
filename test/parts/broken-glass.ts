import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BreakGlass,
  type BreakGlassSettings,
  type BreakGlassStore,
  type BreakGlassView,
  type ClosedWhy,
} from '../../src/breakglass/index.ts'
import { payloadsAt } from '../../src/gateway/payloads-at.ts'
import type { Principal } from '../../src/operations/index.ts'
import { type EmbeddedDatabase, embeddedBreakGlassStore, openDatabase } from '../../src/store/index.ts'
import type { StoredEntry, Trail } from '../../src/trail/index.ts'
import { TestTrail } from './trail.ts'

/** Break-glass over a real trail and store; time, configuration and who is revoked are the test's own. */
export class GlassHouse {
  readonly at = new TestTrail()
  readonly folder = mkdtempSync(join(tmpdir(), 'gatescribe-glass-'))
  now = 1_700_000_000_000
  settings: BreakGlassSettings | undefined = { who: { groups: ['okta/sre'] }, on: { tags: ['prod'] }, longest: 3_600_000 }
  /** What `settings.on` selects. */
  resources: readonly string[] = ['orders-db', 'users-db']
  /** Subjects. */
  readonly revoked = new Set<string>()
  /** What listeners were told, of all processes. */
  readonly told: BreakGlassView[] = []
  readonly cut: { readonly id: string; readonly why: ClosedWhy }[] = []
  /** While true the store takes nothing. */
  isFull = false
  trail!: Trail
  glass!: BreakGlass
  #database!: EmbeddedDatabase

  async open(): Promise<this> {
    this.#database = openDatabase(this.folder)
    this.trail = await this.at.open()
    this.glass = new BreakGlass({
      store: this.#store(embeddedBreakGlassStore(this.#database)),
      trail: this.trail,
      settings: () => this.settings,
      resources: () => new Set(this.settings ? this.resources : []),
      isRevoked: ({ person }) => this.revoked.has(person.subject),
      recorded: (place) => payloadsAt(this.trail, place),
      now: () => this.now,
    })
    this.glass.onChange((view) => void this.told.push(view))
    this.glass.openings.onClosed(({ id }, why) => void this.cut.push({ id, why }))
    await this.glass.start()
    return this
  }

  /** The resources that a person's own run may use now. */
  covered(
    subject: string,
    kind: Principal['kind'] = 'person',
    issuer = 'okta',
    groups: readonly string[] = ['okta/sre'],
  ): readonly string[] {
    const run = { principal: { kind, issuer, subject, groups } }
    return ['orders-db', 'users-db', 'other-db'].filter((name) => this.glass.openings.covering(run, name, this.now))
  }

  async entries(): Promise<readonly StoredEntry[]> {
    await new Promise((resolve) => this.trail.whenDurable(resolve))
    return (await this.at.entries()).filter(({ kind }) => kind.startsWith('breakglass.'))
  }

  async kinds(): Promise<readonly string[]> {
    return (await this.entries()).map(({ kind, fields }) => [kind, fields.state, fields.why].filter((word) => word !== undefined).join(' '))
  }

  async close(): Promise<void> {
    this.glass.stop()
    await this.at.close()
    this.#database.close()
  }

  async again(): Promise<void> {
    await this.close()
    await this.open()
  }

  async remove(): Promise<void> {
    await this.close()
    await this.at.remove()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #store(store: BreakGlassStore): BreakGlassStore {
    return {
      ...store,
      put: (record) => {
        if (this.isFull) throw new Error('the disk is full')
        store.put(record)
      },
    }
  }
}
