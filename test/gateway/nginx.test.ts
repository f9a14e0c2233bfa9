import { describeGateway } from './real.ts'

describeGateway('nginx', { down: 503 })
