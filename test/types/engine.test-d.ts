// Both engines are what the seam asks for.
import { expectTypeOf } from 'vitest'
import type { Engine } from '../../src/token/engine.ts'
import type * as node from '../../src/token/engine-node.ts'
import type * as web from '../../src/token/engine-web.ts'

expectTypeOf<typeof node>().toExtend<Engine>()
expectTypeOf<typeof web>().toExtend<Engine>()
