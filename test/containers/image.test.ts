import { execFileSync } from 'node:child_process'
import { existsSync, globSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { needs } from '../parts/require.ts'
import { buildImages, CONTAINERS, containersHere, type Image } from './images.ts'

const root = join(import.meta.dirname, '../..')
const here = containersHere()
let image: Image
beforeAll(async () => {
  if (here) image = (await buildImages()).get('gatescribe')!
}, 900_000)
beforeEach((test) => needs(test, here, CONTAINERS))

/** All of it, as paths from its root. */
const files = () => globSync('**/*', { cwd: image.root })
const inPackage = (path: string) => join(image.root, 'opt/gatescribe', path)

describe('the image of deploy/Dockerfile', () => {
  it('is run by nobody in particular, begins with our command, and says how it is', () => {
    expect(image.config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/usr/local/bin/gatescribe'],
      Cmd: ['start'],
      WorkingDir: '/data',
      Volumes: { '/data': {} },
      StopSignal: 'SIGTERM',
      Healthcheck: { Test: ['CMD', '/usr/local/bin/node', '/opt/gatescribe/healthy.js'] },
      Labels: { 'org.opencontainers.image.licenses': 'Apache-2.0', 'org.opencontainers.image.version': expect.stringMatching(/^\d/) },
    })
  })

  it('holds no shell, no package manager, and nothing else that runs but Node', () => {
    const programs = files().filter(
      (path) =>
        !path.startsWith('opt/') && lstatSync(join(image.root, path)).isFile() && !/\.so(\.|$)/.test(path) && !path.startsWith('etc/'),
    )
    expect(programs.toSorted()).toEqual(['usr/local/bin/gatescribe', 'usr/local/bin/gatescribe-verify', 'usr/local/bin/node'])
  })

  it('holds nothing that gives rights, and nothing that others may change', () => {
    const modes = files()
      .filter((path) => !lstatSync(join(image.root, path)).isSymbolicLink())
      .map((path) => ({ path, mode: lstatSync(join(image.root, path)).mode }))
    expect(modes.filter(({ mode }) => (mode & 0o6000) !== 0)).toEqual([])
    expect(modes.filter(({ mode }) => (mode & 0o022) !== 0).map(({ path }) => path)).toEqual(['tmp'])
  })

  it('gives its user one folder, which nobody else may look into', () => {
    const owned = files().filter((path) => lstatSync(join(image.root, path)).uid !== 0)
    expect(owned).toEqual(['data'])
    expect(lstatSync(join(image.root, 'data')).mode & 0o777).toBe(0o700)
  })

  it('is small: less than 220 MB, most of which is Node', () => {
    const bytes = files().reduce(
      (sum, path) => sum + (lstatSync(join(image.root, path)).isFile() ? lstatSync(join(image.root, path)).size : 0),
      0,
    )
    expect(bytes / 1e6).toBeLessThan(220)
  })

  it('holds what is published and runs, and no source, test or development package', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> }
    expect(existsSync(inPackage('dist/cli/main.js'))).toBe(true)
    expect(['src', 'test', 'tools', '.git', 'package-lock.json', '.npmrc'].filter((path) => existsSync(inPackage(path)))).toEqual([])
    expect(Object.keys(devDependencies).filter((name) => existsSync(inPackage(`node_modules/${name}`)))).toEqual([])
  })
})

describe('its bill of materials', () => {
  /** name@version of everything that is installed in it. */
  const installed = () =>
    globSync('node_modules/**/package.json', { cwd: inPackage('') })
      .map((path) => ({ path, ...(JSON.parse(readFileSync(inPackage(path), 'utf8')) as { name?: string; version?: string }) }))
      // Manifests within packages that are no packages of their own.
      .filter(({ path, name, version }) => name && version && new RegExp(`node_modules/${name}/package\\.json$`).test(path))
      .map(({ name, version }) => `${name}@${version}`)

  it('names every package that is in it, in SPDX and in CycloneDX', () => {
    const spdx = JSON.parse(readFileSync(inPackage('sbom.spdx.json'), 'utf8')) as {
      spdxVersion: string
      packages: { name: string; versionInfo: string }[]
    }
    const cyclonedx = JSON.parse(readFileSync(inPackage('sbom.cyclonedx.json'), 'utf8')) as {
      bomFormat: string
      components: { group?: string; name: string; version: string; purl: string }[]
    }
    const packages = new Set(installed())
    expect(packages.size).toBeGreaterThan(60)
    const bySpdx = new Set(spdx.packages.map(({ name, versionInfo }) => `${name}@${versionInfo}`))
    const byPurl = new Set(cyclonedx.components.map(({ purl }) => decodeURIComponent(purl.replace(/^pkg:npm\//, ''))))
    expect([...packages].filter((each) => !bySpdx.has(each))).toEqual([])
    expect([...packages].filter((each) => !byPurl.has(each))).toEqual([])
    expect({ spdx: spdx.spdxVersion, cyclonedx: cyclonedx.bomFormat }).toEqual({ spdx: 'SPDX-2.3', cyclonedx: 'CycloneDX' })
  })
})

describe('in it', () => {
  const run = (...words: string[]) =>
    execFileSync('chroot', ['--userspec=65532:65532', image.root, ...words], {
      encoding: 'utf8',
      env: { HOME: '/tmp', PATH: process.env.PATH ?? '' },
    })

  it('gatescribe and gatescribe-verify run without a shell', () => {
    expect(run('/usr/local/bin/gatescribe', '--version')).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(run('/usr/local/bin/gatescribe-verify', '--help')).toContain('usage: gatescribe-verify')
    expect(readdirSync(join(image.root, 'data'))).toEqual([])
  })
})
