export { StrictJsonError, strictJson, utf8Text } from './strict-json.ts'
