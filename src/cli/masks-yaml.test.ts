import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { ScanReport } from '../api/local/index.ts'
import { masksYaml } from './masks-yaml.ts'

const report = (masks: ScanReport['masks'], over: Partial<ScanReport> = {}): ScanReport => ({
  ...{ resource: 'orders-db', databases: ['orders'], relations: 3, columns: 9, rows: 700, found: {}, masks },
  ...{ skipped: [], skippedRelations: 0, entry: 42, ...over },
})
const column = (name: string, over: object = {}) => ({ column: name, values: 500, found: { email: 480 }, doubtful: false, ...over })

describe('proposed masks as YAML', () => {
  it('have the shape of the configuration, with what speaks for each column as a comment', () => {
    const yaml = masksYaml(
      report([
        {
          name: 'orders-db-contacts',
          as: 'partial',
          columns: [
            column('orders.public.customers.email', { hint: 'email' }),
            column('orders.public.customers.tel', { found: {}, hint: 'phone', doubtful: true }),
          ],
        },
      ]),
    )
    expect(yaml).toContain(
      [
        'masks:',
        '  - name: "orders-db-contacts"',
        '    on: { resources: ["orders-db"] }',
        '    columns:',
        '      # email: 480 of 500 values (96 %); email by its name',
        '      - "orders.public.customers.email"',
        '      # phone by its name; nothing was found in 500 values',
        '#       - "orders.public.customers.tel"',
        '    as: partial',
      ].join('\n'),
    )
    expect(parse(yaml)).toEqual({
      masks: [
        {
          name: 'orders-db-contacts',
          on: { resources: ['orders-db'] },
          columns: ['orders.public.customers.email'],
          as: 'partial',
        },
      ],
    })
  })

  it('are comments where all of them are doubtful, and say so where there are none', () => {
    const doubtful = { name: 'a', as: 'redact' as const, columns: [column('d.s.t.c', { doubtful: true })] }
    const sure = { name: 'b', as: 'partial' as const, columns: [column('d.s.t.e')] }
    expect(parse(masksYaml(report([doubtful])))).toBeNull()
    expect(parse(masksYaml(report([sure, doubtful])))).toMatchObject({ masks: [{ name: 'b' }] })
    expect(parse(masksYaml(report([])))).toBeNull()
    expect(masksYaml(report([]))).toContain('# Nothing was found')
    const uncommented = masksYaml(report([doubtful])).replace(/^# (?=masks:| )/gm, '')
    expect(parse(uncommented)).toMatchObject({ masks: [{ name: 'a', columns: ['d.s.t.c'] }] })
  })

  it('cannot be turned into something else by a name', () => {
    const name = 'd.s.t."a\n- evil: true # \u202e\u2028\u001b[2J'
    const yaml = masksYaml(report([{ name: 'b', as: 'redact', columns: [column(name)] }], { databases: ['x\nmasks: []'] }))
    expect(parse(yaml).masks[0].columns).toEqual([name])
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect(yaml).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2028\u202e]/)
  })
})
