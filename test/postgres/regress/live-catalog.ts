import { type Catalog, createCatalogInSlices, readSnapshot } from '../../../src/protocols/postgres/catalog/index.ts'
import { createLogin } from '../../../src/protocols/postgres/login/index.ts'
import type { PostgresTarget } from '../../../src/protocols/postgres/target.ts'

/** The catalog of a database as the gateway reads it, but only when it is told to: a reading behind every CREATE would take hours. */
export class LiveCatalog {
  readonly #target: PostgresTarget
  #fingerprint: string | undefined
  #current: Catalog | undefined
  readings = 0

  private constructor(target: PostgresTarget) {
    this.#target = target
  }

  static async of(server: { readonly host: string; readonly port: number }, database: string): Promise<LiveCatalog> {
    const address = { host: server.host, port: server.port, tls: { verify: 'off' } } as const
    const ask = { database, settings: new Map<string, string>(), minor: 0, readOnly: false } as const
    const catalog = new LiveCatalog(await createLogin()(address, { user: 'postgres' }, ask, AbortSignal.timeout(10_000)))
    await catalog.read()
    return catalog
  }

  /** Reads it, where it has changed. */
  async read(): Promise<void> {
    const { snapshot, fingerprint } = await readSnapshot({ socket: this.#target.socket, rest: new Uint8Array(0) }, this.#fingerprint)
    this.#fingerprint = fingerprint
    if (!snapshot) return
    this.#current = await createCatalogInSlices(snapshot)
    this.readings += 1
  }

  get current(): Catalog | undefined {
    return this.#current
  }

  async fresh(): Promise<Catalog | undefined> {
    return this.#current
  }

  stale(): void {}

  close(): void {
    this.#target.socket.destroy()
  }
}
