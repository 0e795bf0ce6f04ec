// The thread that erases in logs that were set aside.
import { isMainThread, workerData } from 'node:worker_threads'
import { openPayloadStore } from '../../store/index.ts'
import { AsideLogs } from '../../trail/index.ts'
import type { AsideStart } from './aside-thread.ts'

if (isMainThread) throw new Error('this file is the entry of a worker thread')
const { folder, keys } = workerData as AsideStart
await new AsideLogs(folder, openPayloadStore).erase(keys)
