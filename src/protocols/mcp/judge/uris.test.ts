import { expect, it } from 'vitest'
import { isAmbiguous, urisIn } from './uris.ts'

it.each([
  ...['file:///etc/../root', 'file:///a/./b', 'file:///a/%2e%2E/b', 'file:///a/..%2fb', 'file:///a\\..\\b', 'file:///%65tc', 'FILE:///etc'],
  ...['File:///etc', ' file:///etc', 'file:///etc\n', 'file:///a/..', 'db://a/b/..?x'],
])('may be another one to a server: %j', (uri) => {
  expect(isAmbiguous(uri)).toBe(true)
})

it.each([
  ...['file:///etc/passwd', 'file:///C:/Users/Ada', 'demo://resource/static/document/a%20b%2Fc.md', 'https://Example.com/?path=../a#..'],
  ...['note:///grün', 'a:b', 'x', '/a...b/.hidden', 'urn:isbn:0451450523'],
])('is what it is: %j', (uri) => {
  expect(isAmbiguous(uri)).toBe(false)
})

it('stands in what reads and subscribes', () => {
  expect(urisIn('resources/read', { uri: 'a:b' })).toEqual(['a:b'])
  expect(urisIn('subscriptions/listen', { notifications: { resourceSubscriptions: ['a:b', 7] } })).toEqual(['a:b'])
  expect(urisIn('tools/call', { uri: 'a:b' })).toEqual([])
})
