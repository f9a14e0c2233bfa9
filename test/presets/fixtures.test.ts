// The fixtures of all presets: what each must accept, as which principal, and what it must refuse.
import { allFixtures, describePreset } from '../support/sts-fixture.ts'

for (const fixture of allFixtures()) describePreset(fixture)
