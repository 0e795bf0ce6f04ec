// The formats of transparency logs (c2sp.org, RFC 6962): bytes in, answers out. No clock, no file, no socket.
export { type Checkpoint, checkpointText, parseCheckpoint } from './checkpoint.ts'
export { cosignatureTime } from './cosignature.ts'
export { TlogError } from './errors.ts'
export { isKeyName } from './key-name.ts'
export { EMPTY_ROOT, HASH_BYTES, type Hash, leafHash, nodeHash, perfectRoot } from './merkle.ts'
export {
  appendSignatures,
  type Note,
  type NoteSignature,
  parseNote,
  parseSignatureLine,
  signatureLine,
  signNote,
  verifiedBy,
} from './note.ts'
export { parsePolicy, type TrustPolicy } from './policy.ts'
export { consistencyProof, inclusionProof, rootAt, tilesForInclusion } from './proofs.ts'
export { newSeed } from './seed.ts'
export { ShortHmac } from './short-hmac.ts'
export { cosignatureSigner, ed25519Signer, type NoteSigner } from './signers.ts'
export { edgeTiles, parseTilePath, TILE_WIDTH, type TileId, tilePath } from './tile-path.ts'
export { parseProof, proofText, type TlogProof } from './tlog-proof.ts'
export { type BuiltTile, type ReadTile, TreeBuilder } from './tree-builder.ts'
export { verifyConsistency, verifyInclusion } from './verify-proofs.ts'
export { type NoteVerifier, parseVkey, publicKeyOf } from './vkey.ts'
