import { test } from 'vitest'
import { examine } from './doctor-gateways.ts'
import { naiveRecipes } from './naive-recipes.ts'
test.each(naiveRecipes)(
  '$program: $title',
  async ({ program, title, files, holes }) => {
    const seen = await examine(program, files)
    const ok = JSON.stringify(seen.holes) === JSON.stringify(holes)
    console.log(ok ? 'OK' : 'DIFFERS', program, title, seen.code, seen.stderr)
    if (!ok)
      console.log(
        JSON.stringify(holes),
        JSON.stringify(
          seen.findings.filter((f) => f.verdict === 'hole'),
          null,
          1,
        ),
        seen.unchecked,
      )
  },
  120_000,
)
