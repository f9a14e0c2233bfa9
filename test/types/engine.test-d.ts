// Both engines are what the seam asks for, and the importers of `#engine` see no more than that: not that an answer comes in place.
import { expectTypeOf } from 'vitest'
import type { Engine } from '../../src/crypto/engine.ts'
import type * as node from '../../src/crypto/engine-node.ts'
import type * as web from '../../src/crypto/engine-web.ts'

expectTypeOf<typeof node>().toEqualTypeOf<Engine>()
expectTypeOf<typeof web>().toExtend<Engine>()
