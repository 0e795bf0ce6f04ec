import { checkpointText, consistencyProof, ed25519Signer, type Hash, type NoteSigner, signNote, TreeBuilder } from '../../src/tlog/index.ts'
import { someLeaves, TreeWithTiles } from './naive-merkle-tree.ts'

/** A log that signs whatever it is asked to sign: its tree at every size, and those of its forks. */
export interface TestLog {
  readonly origin: string
  readonly signer: NoteSigner
  readonly vkey: string
  root(size: number): Hash
  /** The signed checkpoint of the first `size` entries. */
  checkpoint(size: number): string
  readonly consistency: (from: number, to: number) => Promise<Hash[]>
  /** The same log, that tells another story from entry `at` on. */
  fork(at: number): TestLog
}

/** @param entries how many it has */
export function testLog(entries: number, origin = 'log.example/main', signer = ed25519Signer(origin, Buffer.alloc(32, origin))): TestLog {
  return of(someLeaves(entries, origin), signer)
}

function of(leaves: readonly Buffer[], signer: NoteSigner): TestLog {
  const grown = TreeWithTiles.of(leaves)
  const origin = signer.name
  const tree = new TreeBuilder()
  const roots = [tree.root()]
  for (const leaf of leaves) {
    tree.append(leaf)
    roots.push(tree.root())
  }
  const root = (size: number) => roots[size] as Hash
  return {
    origin,
    signer,
    vkey: signer.vkey,
    root,
    checkpoint: (size) => signNote(checkpointText({ origin, size, root: root(size) }), [signer]),
    consistency: (from, to) => consistencyProof(from, to, grown.read),
    fork: (at) => of([...leaves.slice(0, at), ...someLeaves(leaves.length - at, `${origin}, another story`)], signer),
  }
}
