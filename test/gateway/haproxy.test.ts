import { describeGateway } from './real.ts'

describeGateway('haproxy', { down: 503 })
