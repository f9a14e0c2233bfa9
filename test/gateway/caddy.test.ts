import { describeGateway } from './real.ts'

describeGateway('caddy', { down: 502 })
