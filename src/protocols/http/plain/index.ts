export { changedAnswer, lookedInto, shownHeaders } from './change-answer.ts'
export { createPlainPlane, type PlainPlaneOptions } from './plane.ts'
export { type ReadRequest, readRequest } from './read-request.ts'
export { readPlainRequest } from './rehearse.ts'
