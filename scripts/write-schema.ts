// `npm run schema` writes gateway.schema.json, by which editors complete and check a configuration of `claimcheck serve`. It comes from the
// table that reads the configuration; test/cli sees to it that the file is not older.
import { writeFileSync } from 'node:fs'
import { configurationSchema } from '../src/cli/configuration.ts'
import { root } from './subpaths.ts'

writeFileSync(`${root}/gateway.schema.json`, `${JSON.stringify(configurationSchema(), null, 2)}\n`)
