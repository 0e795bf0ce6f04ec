import { describe, expect, it } from 'vitest'
import { columnHint } from './column-hints.ts'
import { proposeMasks } from './propose.ts'

describe('the name of a column', () => {
  it.each([
    ['email', 'email'],
    ['contactEmail', 'email'],
    ['EMAIL_2', 'email'],
    ['e_mail', 'email'],
    ['tel', 'phone'],
    ['mobile_phone', 'phone'],
    ['creditCardNumber', 'card'],
    ['iban', 'iban'],
    ['SSN', 'us-ssn'],
    ['client_ip', 'ip'],
    ['password_hash', 'secret'],
    ['apiKey', 'secret'],
    ['date_of_birth', 'birth'],
    ['last_name', 'person'],
    ['lastname', 'person'],
    ['street', 'address'],
    ['passport_no', 'identity'],
  ])('%s says %s', (name, hint) => expect(columnHint(name)).toBe(hint))

  it.each([
    'id',
    'name',
    'total',
    'company',
    'span',
    'shipping',
    'hotel',
    'description',
    'recipe',
    'tokenizer',
    '',
    '💥',
    'x'.repeat(10_000),
  ])('%s says nothing', (name) => expect(columnHint(name)).toBeUndefined())
})

describe('a proposal', () => {
  const sample = (column: string, found: Record<string, number>, more: object = {}) => ({
    column: `d.s.t.${column}`,
    values: 100,
    found,
    ...more,
  })

  it('is one mask for each way of masking, and says nothing of a column that nothing speaks for', () => {
    const masks = proposeMasks('orders-db', [
      sample('note', {}),
      sample('email', { email: 96 }, { hint: 'email' }),
      sample('card', { card: 80 }),
      sample('contact', { phone: 50, email: 20 }),
    ])
    expect(masks.map(({ name, as, columns }) => [name, as, columns.map(({ column }) => column)])).toEqual([
      ['orders-db-contacts', 'partial', ['d.s.t.contact', 'd.s.t.email']],
      ['orders-db-secrets', 'redact', ['d.s.t.card']],
    ])
  })

  it('masks more strictly where a column holds several things', () => {
    expect(proposeMasks('r', [sample('body', { email: 30, jwt: 10 })])[0]?.as).toBe('redact')
  })

  it('takes what an analyzer finds as it takes what a detector finds, among the values that it was asked about', () => {
    const masks = proposeMasks('r', [
      sample('who', { 'presidio/PERSON': 9 }, { analyzed: 40 }),
      sample('seldom', { 'presidio/PERSON': 3 }, { analyzed: 40 }),
      sample('where', { 'presidio/LOCATION': 30 }, { analyzed: 100 }),
      sample('both', { 'presidio/PERSON': 30, 'presidio/LOCATION': 30 }, { analyzed: 100 }),
    ])
    expect(masks.map(({ as, columns }) => [as, columns.map(({ column, doubtful }) => [column.slice(6), doubtful])])).toEqual([
      [
        'partial',
        [
          ['who', false],
          ['seldom', true],
        ],
      ],
      [
        'redact',
        [
          ['both', false],
          ['where', false],
        ],
      ],
    ])
  })

  it('leaves a column to a person where little was found, or only its name speaks', () => {
    const [mask] = proposeMasks('r', [
      sample('b_note', { email: 3 }),
      sample('a_tel', {}, { hint: 'phone' }),
      sample('c_few', { email: 1 }, { values: 1 }),
      sample('z_mail', { email: 10 }),
      sample('y_mail', { email: 1 }, { hint: 'email' }),
    ])
    expect(mask?.columns.map(({ column, doubtful }) => [column.slice(6), doubtful])).toEqual([
      ['y_mail', false],
      ['z_mail', false],
      ['a_tel', true],
      ['b_note', true],
      ['c_few', true],
    ])
  })
})
