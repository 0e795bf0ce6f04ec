import { expect, it } from 'vitest'
import { threadTime } from '../../test/parts/thread-time.ts'
import { matches } from './acceptance.ts'
import { checkIssuer } from './check-issuer.ts'
import type { IssuerSettings } from './settings.ts'
import { fillGroup, parseTemplate } from './template.ts'

it.each([
  ['acme/*', 'acme/reports', true],
  ['acme/*', 'acme/a/b', false],
  ['acme/*', 'acme/', false],
  ['acme/*', 'evil/acme/reports', false],
  ['acme/*', 'acme', false],
  ['refs/heads/release-*', 'refs/heads/release-1.2', true],
  ['refs/heads/release-*', 'refs/heads/release-', false],
  ['refs/heads/*-*-x', 'refs/heads/a-b-x', true],
  ['refs/heads/*-*-x', 'refs/heads/a--x', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', false],
  ['a*a', 'aba', true],
  ['acme/r.ports', 'acme/reports', false],
  ['1', 1, false],
  [1, '1', false],
  [true, 'true', false],
  ['*', '', false],
  ['*', 5, false],
  ['*', null, false],
])('glob %j against %j: %j', (glob, value, expected) => {
  expect(matches(glob, value)).toBe(expected)
})

it('matches a hostile value in linear time', () => {
  const started = threadTime()
  expect(matches(`${'*a'.repeat(50)}b`, 'a'.repeat(16_000))).toBe(false)
  expect(threadTime() - started).toBeLessThan(200)
})

it.each([
  ['repo:{r}', { r: 'acme/reports' }, 'repo:acme/reports'],
  ['env:{e}', { e: 'prod eu,*' }, 'env:prod%20eu%2C%2A'],
  ['env:{e}', { e: 'größe' }, 'env:gr%C3%B6%C3%9Fe'],
  ['env:{e}', {}, undefined],
  ['env:{e}', { e: { toString: 'x' } }, undefined],
  ['env:{constructor}', {}, undefined],
])('fills group template %s from %j as %j', (text, claims, group) => {
  expect(fillGroup(parseTemplate(text), claims)).toBe(group)
})

it.each([
  ['team:{o}/{t}', { o: 'a/b', t: 'c' }],
  ['team:{o}/{t}', { o: 'a', t: 'b/c' }],
  ['env:{e}', { e: 'x:y' }],
  ['env:{e}-{r}', { e: 'a-b', r: 'c' }],
  ['env:{e}', { e: '../x' }],
  ['env:{e}', { e: '/x' }],
])('refuses to fill %s from %j', (text, claims) => {
  expect(() => fillGroup(parseTemplate(text), claims)).toThrow(expect.objectContaining({ code: 'GS_IDENTITY_CLAIM_UNUSABLE' }))
})

const safe: IssuerSettings = {
  name: 'github',
  issuer: 'https://token.actions.githubusercontent.com',
  audience: 'https://gw.example.org',
  accept: { repository_id: '1', ref_protected: 'true' },
  groups: ['repo:{repository}'],
  run: { id: ['{repository_id}', '{run_id}'] },
}

it('finds nothing wrong with a safe issuer, and warns where any branch would do', () => {
  expect(checkIssuer(safe)).toEqual([])
  expect(checkIssuer({ ...safe, accept: { repository_id: '1' } })).toMatchObject([{ level: 'warning', field: 'accept' }])
})

it.each<[string, Partial<IssuerSettings>, string]>([
  ['sub', { accept: { ...safe.accept, sub: 'repo:acme/reports:*' } }, 'accept.sub'],
  ['no immutable id', { accept: { repository: 'acme/reports', ref_protected: 'true' } }, 'accept'],
  [
    'only what is the same in every token of the issuer',
    { accept: { iss: 'https://issuer.example', ref_protected: 'true' }, immutable: ['iss'] },
    'immutable',
  ],
  ['a glob over an immutable id', { accept: { ...safe.accept, repository_id: '*' } }, 'accept.repository_id'],
  ['http', { issuer: 'http://issuer.example' }, 'issuer'],
  ['http on loopback without saying so', { issuer: 'http://127.0.0.1:3000' }, 'issuer'],
  ['http elsewhere, even when it says so', { issuer: 'http://issuer.example', insecureLoopback: true }, 'issuer'],
  ['a shared-secret algorithm', { algorithms: ['HS256' as 'RS256'] }, 'algorithms'],
  ['a run without claims', { run: { id: ['x'] } }, 'run.id'],
  ['a group without a kind', { groups: ['{repository}'] }, 'groups'],
  ['one kind of group twice', { groups: ['x:{a}', 'x:{b}'] }, 'groups'],
  ['claims side by side', { groups: ['x:{a}{b}'] }, 'groups'],
  ['a brace too many', { groups: ['x:{a}}'] }, 'groups'],
])('refuses an issuer with %s', (_, changed, field) => {
  expect(checkIssuer({ ...safe, ...changed })).toContainEqual(expect.objectContaining({ level: 'refused', field }))
})
