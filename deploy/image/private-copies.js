// Copies the files of one folder into another, where nobody but this user can read them: private-copies.js FROM TO [FROM TO …]. Kubernetes mounts a Secret as files
// of root that a group may read, and the gateway refuses a secret that others can read.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folders = process.argv.slice(2)
for (let each = 0; each < folders.length; each += 2) {
  const [from, to] = [folders[each], folders[each + 1]]
  mkdirSync(to, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(from)) {
    // Names that begin with two dots are the mount's own: the folders that it turns links to.
    if (name.startsWith('..') || !statSync(join(from, name)).isFile()) continue
    // There may be one of an earlier start, which nobody can write to.
    rmSync(join(to, name), { force: true })
    writeFileSync(join(to, name), readFileSync(join(from, name)), { mode: 0o400, flag: 'wx' })
  }
}
