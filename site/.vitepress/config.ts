// How VitePress builds the pages that site/build.ts puts into site/pages. Nothing of the site is loaded from elsewhere.
import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitepress'
import { nameOfHeading } from '../../scripts/heading-names.ts'

export default defineConfig({
  title: 'claimcheck',
  description: 'Protects an API with OAuth 2.0 access tokens of any STS.',
  srcDir: 'pages',
  outDir: 'dist',
  cacheDir: 'node_modules/.cache/vitepress',
  // A browser asks for an icon in any case, and a missing one is an error in its console.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  // A link to a heading is the same on GitHub and here.
  markdown: { anchor: { slugify: nameOfHeading } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/' },
      { text: 'Reference', link: '/docs/reference' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: JSON.parse(readFileSync(new URL('../pages/sidebar.json', import.meta.url), 'utf8')),
  },
})
