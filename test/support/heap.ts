// How much memory is in use, garbage apart.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose_gc')
const collectGarbage = runInNewContext('gc') as () => void

export function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}
