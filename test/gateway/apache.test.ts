import { describeGateway } from './real.ts'

describeGateway('apache', { down: 503 })
