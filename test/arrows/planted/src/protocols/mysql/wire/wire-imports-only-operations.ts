import { door } from '../../../guard/index.ts'

export const planted = door
