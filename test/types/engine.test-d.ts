// Both engines are what the seam asks for.
import { expectTypeOf } from 'vitest'
import type { Engine } from '../../src/crypto/engine.ts'
import type * as node from '../../src/crypto/engine-node.ts'
import type * as web from '../../src/crypto/engine-web.ts'

expectTypeOf<typeof node>().toExtend<Engine>()
expectTypeOf<typeof web>().toExtend<Engine>()
