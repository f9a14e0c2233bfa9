// The API reference: one page for each subpath, from the docstrings of what it exports.
import { Application, type ProjectReflection } from 'typedoc'
import { load, type PluginOptions } from 'typedoc-plugin-markdown'
import { root, subpaths } from '../scripts/subpaths.ts'

/** Writes the reference as Markdown into `folder`. */
export async function writeApi(folder: string): Promise<void> {
  const app = await Application.bootstrapWithPlugins({ ...options, outputs: [{ name: 'markdown', path: folder }] })
  const project = await app.convert()
  if (project === undefined) throw new Error('typedoc could not read the sources')
  nameModules(project)
  await app.generateOutputs(project)
  if (app.logger.hasErrors()) throw new Error('typedoc could not write the reference')
}

const markdown: Partial<PluginOptions> = {
  entryFileName: 'index',
  outputFileStrategy: 'modules',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  // Each page is compiled as a template: an angle bracket in a type must be text.
  useHTMLEncodedBrackets: true,
  // Its names for headings differ from GitHub's where a name comes twice: links lead to anchors of its own.
  useHTMLAnchors: true,
  anchorPrefix: 'api-',
  sanitizeComments: true,
}

const options = {
  ...markdown,
  plugin: [load],
  tsconfig: `${root}/tsconfig.build.json`,
  entryPoints: subpaths.map(({ module }) => `${root}/src/${module}.ts`),
  name: 'API reference',
  readme: 'none',
  sortEntryPoints: false,
  // A page that names source lines would need the address of a repository.
  disableSources: true,
  excludeInternal: true,
  // What Error brings along is documented elsewhere.
  excludeExternals: true,
  skipErrorChecking: true,
  logLevel: 'Warn' as const,
}

/** Modules have the names that users import: `claimcheck/express`, not `adapters/express`. */
function nameModules(project: ProjectReflection): void {
  for (const reflection of project.children ?? []) {
    const subpath = subpaths.find(({ module }) => module === reflection.name || module === `${reflection.name}/index`)
    if (subpath === undefined) throw new Error(`no subpath is built from ${reflection.name}`)
    reflection.name = subpath.specifier
  }
}
