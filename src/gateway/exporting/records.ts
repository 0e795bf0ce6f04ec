import type { ExportNews } from '../../exports/index.ts'
import type { EntryFields, Trail } from '../../trail/index.ts'
import type { GatewayLog } from '../log.ts'

/**
 * What becomes of exports, as entries. An export sends these entries too: each is written once for something that lasts, so that no batch makes
 * an entry that makes a batch.
 */
export class ExportRecords {
  readonly #trail: Pick<Trail, 'note' | 'durable'>
  readonly #log: Pick<GatewayLog, 'warn' | 'info'>

  constructor(trail: Pick<Trail, 'note' | 'durable'>, log: Pick<GatewayLog, 'warn' | 'info'>) {
    this.#trail = trail
    this.#log = log
  }

  note(name: string, news: ExportNews): void {
    switch (news.news) {
      case 'begun':
        this.#trail.note({ kind: 'export.begun', fields: { export: name, from: news.from, ...(news.left && { left: { ...news.left } }) } })
        return
      case 'failing':
        this.#trail.note({ kind: 'export.failing', fields: { export: name, code: news.code, cursor: news.cursor } })
        this.#log.warn({ export: name, code: news.code }, 'the receiver of an export takes nothing; it is tried again')
        return
      case 'recovered':
        this.#trail.note({ kind: 'export.recovered', fields: { export: name, cursor: news.cursor, seconds: news.seconds } })
        this.#log.info({ export: name }, 'the receiver of an export takes what is sent again')
        return
      case 'stuck': {
        const { entry, status } = news
        this.#trail.note({ kind: 'export.stuck', fields: { export: name, entry, status } })
        const next = `gatescribe exports skip ${name} ${entry}`
        this.#log.warn(
          { export: name, entry, status, next },
          'the receiver of an export refuses an entry for what it says; the export waits there',
        )
      }
    }
  }

  /** @param id of the test event @throws TrailError: then nothing may be sent */
  async tested(name: string, id: string, by: string): Promise<void> {
    await this.#durable('export.tested', { export: name, test: id, by })
  }

  /** @throws TrailError: then it stays where it is */
  async rewound(name: string, { from, to }: { readonly from: number; readonly to: number }, by: string): Promise<void> {
    await this.#durable('export.rewound', { export: name, from, to, by })
  }

  /** @throws TrailError: then it stays refused */
  async skipped(name: string, entry: number, by: string): Promise<void> {
    await this.#durable('export.skipped', { export: name, entry, by })
  }

  async #durable(kind: 'export.tested' | 'export.rewound' | 'export.skipped', fields: EntryFields): Promise<void> {
    await this.#trail.durable({ kind, fields })
  }
}
