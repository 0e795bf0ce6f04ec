export { canonicalText, sortedJson } from './canonical.ts'
export { DISCOVER, END_SESSION, effectsOfClient, effectsOfServer, OPEN_STREAM } from './effects.ts'
export { looksLike, OfferedNames } from './names.ts'
export { clientOperation, offered, serverOperation, unsupported, wordlessOperation } from './operation.ts'
