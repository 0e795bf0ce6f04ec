import { type Column, RELATIONS } from './lineage-world.ts'

/** Something in FROM. */
interface Item {
  readonly alias: string
  readonly columns: readonly Column[]
}
type Type = Column['type']

/** Relations with one row for each id: what an UPDATE takes from others would be any of several rows. */
const UNIQUE = 'people orders parts parent v_simple v_expr v_over v_cte v_sub v_case v_deep v_window v_xml m_mat v_mat'.split(' ')

/** Statements made at random from a seed: the same ones for the same seed. */
export class Queries {
  #state: number
  #aliases = 0

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A statement that answers with rows. */
  statement(): string {
    this.#aliases = 0
    const kind = this.#below(12)
    if (kind === 0) return this.#insert()
    if (kind === 1) return this.#update()
    if (kind === 2) return `DELETE FROM ${this.#pick(['people', 'orders', 'parts', 'v_simple'])} AS d WHERE d.id < 6 RETURNING *`
    if (kind === 3) return this.#merge()
    if (kind === 4) return this.#setOperation()
    return this.#query(3, []).sql
  }

  #below(limit: number): number {
    // xorshift32
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    this.#state >>>= 0
    return this.#state % limit
  }

  #pick<Value>(values: readonly Value[]): Value {
    return values[this.#below(values.length)] as Value
  }

  #chance(percent: number): boolean {
    return this.#below(100) < percent
  }

  #alias(): string {
    this.#aliases += 1
    return `s${this.#aliases}`
  }

  #insert(): string {
    const { sql } = this.#queryOf(['int', 'text', 'int', 'text'], 2)
    const conflict = this.#chance(0) ? ' ON CONFLICT DO NOTHING' : ''
    const columns = this.#chance(50) ? ' (id, x, y, z)' : ' (id, z, y, x)'
    return `INSERT INTO sink AS k${columns} ${sql}${conflict} RETURNING ${this.#pick(['*', 'x, z, w', 'k, y', 'upper(x), k.w', 'new.x, old.x, new'])}`
  }

  #update(): string {
    const item = this.#relation(UNIQUE)
    const value = this.#expression('text', [item], 2)
    return `UPDATE sink AS k SET ${this.#pick(['x', 'z'])} = ${value}, y = ${this.#expression('int', [item], 2)} FROM ${item.sql} WHERE k.id = ${item.alias}.id
      RETURNING ${this.#pick(['k.*', '*', 'w', 'k.x, k.z', 'old.x, new.w', `k.y, ${this.#expression('text', [item], 1)}`])}`
  }

  #merge(): string {
    const item = this.#relation(UNIQUE)
    return `MERGE INTO sink AS k USING ${item.sql} ON k.id = ${item.alias}.id
      WHEN MATCHED THEN UPDATE SET x = ${this.#expression('text', [item], 1)} WHEN NOT MATCHED THEN INSERT (id, y, z) VALUES (${item.alias}.id, ${this.#expression('int', [item], 1)}, ${this.#expression('text', [item], 1)})
      RETURNING ${this.#pick(['k.*', '*', 'merge_action(), k.w, k.z', 'new.y'])}`
  }

  #setOperation(): string {
    const types = this.#types()
    const operator = this.#pick(['UNION ALL', 'UNION ALL', 'UNION', 'EXCEPT', 'INTERSECT ALL', 'EXCEPT ALL'])
    const both = `${this.#queryOf(types, 2).sql} ${operator} ${this.#queryOf(types, 2).sql}`
    return this.#chance(50) ? both : `SELECT * FROM (${both}) AS u (${types.map((_, i) => `c${i}`).join(', ')})`
  }

  #types(): readonly Type[] {
    return Array.from({ length: 1 + this.#below(3) }, () => this.#pick(['text', 'text', 'int', 'bool', 'date'] as const))
  }

  /** A query with columns of these types, in brackets. */
  #queryOf(types: readonly Type[], depth: number): { sql: string } {
    const item = this.#item(depth - 1, [])
    return { sql: `(SELECT ${types.map((type) => this.#expression(type, [item], 2)).join(', ')} FROM ${item.sql})` }
  }

  #relation(among: readonly string[] = Object.keys(RELATIONS)): Item & { sql: string } {
    const name = this.#pick(among)
    const alias = this.#alias()
    const columns = RELATIONS[name] as readonly Column[]
    if (!this.#chance(15)) return { sql: `${name} AS ${alias}`, alias, columns }
    const renamed = columns.map(({ name: old, type }, i) => ({ name: old === 'id' ? 'id' : `${old}_${i}`, type }))
    return { sql: `${name} AS ${alias} (${renamed.map((column) => column.name).join(', ')})`, alias, columns: renamed }
  }

  /** @param outer what may be named too: LATERAL, and around a subquery */
  #item(depth: number, outer: readonly Item[]): Item & { sql: string } {
    const kind = depth <= 0 ? 0 : this.#below(10)
    if (kind < 5) return this.#relation()
    const alias = this.#alias()
    if (kind < 8) {
      const { sql, columns } = this.#query(depth - 1, outer)
      const lateral = outer.length > 0 ? 'LATERAL ' : ''
      return { sql: `${lateral}(${sql}) AS ${alias}`, alias, columns }
    }
    if (kind === 8) {
      const columns: Column[] = [
        { name: 'id', type: 'int' },
        { name: 'p', type: 'text' },
      ]
      const row = () => `(${this.#below(9)}, ${this.#expression('text', outer, 1)})`
      const lateral = outer.length > 0 ? 'LATERAL ' : ''
      return { sql: `${lateral}(VALUES ${row()}, ${row()}) AS ${alias} (id, p)`, alias, columns }
    }
    const inner = this.#relation()
    const other = this.#relation()
    const shared = this.#chance(50)
    const columns = [...inner.columns, ...other.columns.filter(({ name }) => !inner.columns.some((each) => each.name === name))]
    // The names of both sides but for id are apart, or the one that is meant would not be certain.
    const distinct = inner.columns.every(({ name }) => name === 'id' || !other.columns.some((each) => each.name === name))
    if (!distinct || !shared) return { ...inner }
    return { sql: `(${inner.sql} ${this.#pick(['JOIN', 'LEFT JOIN', 'FULL JOIN'])} ${other.sql} USING (id)) AS ${alias}`, alias, columns }
  }

  #query(depth: number, outer: readonly Item[]): { sql: string; columns: readonly Column[] } {
    const items: (Item & { sql: string })[] = [this.#item(depth, outer)]
    let from = items[0]!.sql
    let apart = true
    if (this.#chance(40)) {
      const second = this.#item(depth - 1, this.#chance(50) ? [...outer, ...items] : outer)
      const clashing = second.columns.some(({ name }) => name !== 'id' && items[0]!.columns.some((each) => each.name === name))
      apart = false
      const join = this.#below(4)
      if (join === 0 && !clashing) from = `${from} NATURAL JOIN ${second.sql}`
      else if (join === 1) from = `${from} JOIN ${second.sql} USING (id)`
      else from = `${from} LEFT JOIN ${second.sql} ON ${items[0]!.alias}.id = ${second.alias}.id`
      items.push(second)
    }
    const with_ = this.#chance(15) ? this.#cte() : undefined
    if (with_) {
      from += `, ${with_.alias}`
      items.push(with_)
      apart = false
    }
    const visible = [...items, ...outer]
    const where = this.#chance(30) ? ` WHERE ${this.#chance(50) ? `${items[0]!.alias}.id < 8` : this.#expression('bool', visible, 1)}` : ''
    const head = with_ ? `WITH ${with_.sql} ` : ''
    if (depth === 3 && apart && this.#chance(15))
      return {
        sql: `${head}SELECT ${this.#pick(['*', `${items[0]!.alias}.*`, `(${items[0]!.alias}).*`, items[0]!.alias])} FROM ${from}${where}`,
        columns: [],
      }
    if (depth === 3 && this.#chance(10)) return { sql: `${head}SELECT * FROM ${from}${where}`, columns: [] }
    if (depth === 3 && this.#chance(20)) return { sql: `${head}SELECT ${this.#aggregates(items)} FROM ${from}${where}`, columns: [] }
    const columns: Column[] = [{ name: 'id', type: 'int' }]
    const results = [`${items[0]!.alias}.id`]
    for (const type of this.#types()) {
      const name = `c${columns.length}_${this.#below(1000)}`
      columns.push({ name, type })
      results.push(`${this.#chance(30) ? this.#reference(type, visible) : this.#expression(type, visible, 2)} AS ${name}`)
    }
    if (this.#chance(15)) {
      const name = `w${columns.length}`
      columns.push({ name, type: 'text' })
      results.push(`${this.#window(items)} AS ${name}`)
    }
    const tail = this.#chance(20) ? ` ORDER BY ${this.#pick(['1', `${items[0]!.alias}.id`, columns[1]!.name])}` : ''
    const limit = apart && this.#chance(15) ? ` ORDER BY 1 LIMIT 5` : ''
    return { sql: `${head}SELECT ${results.join(', ')} FROM ${from}${where}${limit || tail}`, columns }
  }

  #cte(): Item & { sql: string } {
    const alias = this.#alias()
    if (this.#chance(30)) {
      const item = this.#relation()
      const columns: Column[] = [
        { name: 'id', type: 'int' },
        { name: 'q', type: 'text' },
        { name: 'r', type: 'text' },
      ]
      const sql = `RECURSIVE ${alias} (id, q, r) AS (SELECT ${item.alias}.id, ${this.#expression('text', [item], 1)}, 'r' FROM ${item.sql} UNION ALL SELECT id + 100, r, q || '.' FROM ${alias} WHERE id < 150)`
      return { sql, alias, columns }
    }
    const { sql, columns } = this.#query(1, [])
    return { sql: `${alias} AS ${this.#pick(['', 'MATERIALIZED '])}(${sql})`, alias, columns }
  }

  #aggregates(items: readonly Item[]): string {
    const text = () => this.#expression('text', items, 1)
    const int = () => this.#expression('int', items, 1)
    const one = () =>
      this.#pick([
        () => `count(${text()})`,
        () => `count(*) FILTER (WHERE ${this.#expression('bool', items, 1)})`,
        () => `max(${text()})`,
        () => `sum(${int()})`,
        () => `string_agg(${text()}, ',' ORDER BY ${items[0]!.alias}.id)`,
        () => `json_agg(${text()} ORDER BY ${items[0]!.alias}.id)::text`,
        () => `bool_or(${this.#expression('bool', items, 1)})`,
        () => `percentile_disc(0.5) WITHIN GROUP (ORDER BY ${int()})`,
        () => `count(${this.#reference('text', items)})`,
        () => `array_agg(${int()} ORDER BY ${text()}, ${items[0]!.alias}.id)`,
      ])()
    return [one(), one(), 'count(*)'].join(', ')
  }

  #window(items: readonly Item[]): string {
    const { alias } = items[0]!
    const text = this.#expression('text', items, 1)
    return this.#pick([
      `lag(${text}) OVER (ORDER BY ${alias}.id)`,
      `(row_number() OVER (ORDER BY ${text}, ${alias}.id))::text`,
      `first_value(${text}) OVER (PARTITION BY ${alias}.id % 3 ORDER BY ${alias}.id)`,
      `(count(${text}) OVER (PARTITION BY ${alias}.id % 2))::text`,
    ])
  }

  #reference(type: Type, items: readonly Item[]): string {
    const fitting = items.flatMap(({ alias, columns }) =>
      columns.filter((column) => column.type === type && column.name !== 'id').map(({ name }) => `${alias}.${name}`),
    )
    if (fitting.length === 0) return this.#constant(type)
    return this.#pick(fitting)
  }

  #constant(type: Type): string {
    switch (type) {
      case 'text':
        return this.#pick([`'k'::text`, `'a'::text || 'b'`])
      case 'int':
        return String(this.#below(50))
      case 'bool':
        return 'true'
      case 'date':
        return `DATE '2026-02-02'`
      case 'json':
        return `'{"k1": "v"}'::jsonb`
      case 'array':
        return `ARRAY['q']`
      case 'row':
        return `ROW('s', 1)::address`
    }
  }

  #expression(type: Type, items: readonly Item[], depth: number): string {
    if (depth <= 0 || this.#chance(25)) return this.#reference(type, items)
    const of = (other: Type) => this.#expression(other, items, depth - 1)
    switch (type) {
      case 'text':
        return this.#pick([
          () => `upper(${of('text')})`,
          () => `(${of('text')} || ${of('text')})`,
          () => `coalesce(${of('text')}, ${of('text')})`,
          () => `CASE WHEN ${of('bool')} THEN ${of('text')} ELSE ${of('text')} END`,
          () => `(${of('int')})::text`,
          () => `(${of('date')})::varchar::text`,
          () => `substr(${of('text')}, 2, 3)`,
          () => `(${of('json')} ->> 'k1')`,
          () => `(${of('json')})::text`,
          () => `array_to_string(${of('array')}, ';')`,
          () => `concat(${of('text')}, ${of('int')}, ${of('bool')})`,
          () => `nullif(${of('text')}, 'k')`,
          () => `greatest(${of('text')}, ${of('text')})`,
          () => `format('%s', ${of('text')})`,
          () => `md5(${of('text')})`,
          () => this.#scalar('text', items),
          () => `(${of('row')})::text`,
          () => this.#wholeRow(items),
          () => `(ARRAY[${of('text')}, 'b'])[1 + abs(${of('int')}) % 2]`,
          () => `pg_typeof(${of('text')})::text`,
        ])()
      case 'int':
        return this.#pick([
          () => `length(${of('text')})`,
          () => `(${of('int')} + ${of('int')})`,
          () => `abs(${of('int')})`,
          () => `coalesce(${of('int')}, 0)`,
          () => `(${of('bool')})::int`,
          () => `extract(year FROM ${of('date')})::int`,
          () => `position('a' IN ${of('text')})`,
          () => `cardinality(${of('array')})`,
          () => `(SELECT count(*)::int FROM ${this.#relation().sql})`,
          () => this.#scalar('int', items),
          () => `hashtext(${of('text')})`,
        ])()
      case 'bool':
        return this.#pick([
          () => `(${of('text')} LIKE '%A%')`,
          () => `(${of('int')} > ${of('int')})`,
          () => `(${this.#reference('text', items)} IS NULL)`,
          () => `(${of('text')} IS NOT NULL)`,
          () => `(nullif(${of('int')}, 27) IS NULL)`,
          () => `(${of('text')} = ${of('text')})`,
          () => `(${of('int')} IN (1, ${of('int')}))`,
          () => `(NOT coalesce(${of('bool')}, false))`,
          () => `(${of('bool')} AND ${of('bool')})`,
          () => `(${of('int')} BETWEEN 3 AND ${of('int')})`,
          () => `(${of('text')} IN (SELECT ${this.#subColumn('text')}))`,
          () => `EXISTS (SELECT ${this.#subColumn('text')})`,
          () => `(${of('bool')} IS TRUE)`,
          () => `(${of('text')} IS DISTINCT FROM ${of('text')})`,
        ])()
      case 'date':
        return this.#pick([() => `(${of('date')} + 3)`, () => `coalesce(${of('date')}, ${of('date')})`])()
      case 'json':
        return this.#pick([
          () => `to_jsonb(${of('text')})`,
          () => `jsonb_build_object('k1', ${of('text')})`,
          () => `(${of('json')} || '{"z": 1}')`,
        ])()
      case 'array':
        return this.#pick([() => `ARRAY[${of('text')}, ${of('text')}]`, () => `string_to_array(${of('text')}, ' ')`])()
      case 'row':
        return `ROW(${of('text')}, ${of('int')})`
    }
  }

  /** `text FROM relation WHERE …` */
  #subColumn(type: Type): string {
    const item = this.#relation()
    return `${this.#expression(type, [item], 1)} FROM ${item.sql} WHERE ${item.alias}.id < 5`
  }

  #scalar(type: Type, items: readonly Item[]): string {
    const item = this.#relation()
    const visible = this.#chance(40) ? [item, ...items] : [item]
    const aggregate = type === 'text' ? 'min' : 'max'
    const correlated = items[0] && this.#chance(40) ? ` WHERE ${item.alias}.id = ${items[0].alias}.id` : ''
    return `(SELECT ${aggregate}(${this.#expression(type, visible, 1)}) FROM ${item.sql}${correlated})`
  }

  #wholeRow(items: readonly Item[]): string {
    const item = items[0]
    if (!item) return `'none'`
    return this.#pick([
      `${item.alias}::text`,
      `row_to_json(${item.alias})::text`,
      `(${item.alias}.*)::text`,
      `to_jsonb(${item.alias})::text`,
      `hash_record(${item.alias})::text`,
    ])
  }
}
