// D8: the API gets the target that was decided about. A gateway that cleans it in between has the policy of one path guard another.
import { type Check, type Finding, judge, needsEcho, needsReports, unchecked } from '../finding.ts'
import type { Sighting, Site } from '../site.ts'

const changed: Check = {
  probe: 'D8',
  name: 'changed target',
  closed: 'The API gets the target that was decided about, however it is written.',
  hole: 'The API gets another target than the one that was decided about.',
  fix: 'Hand the target on as it was sent: no path behind proxy_pass in nginx, nocanon in Apache, no normalization after the question.',
}

const unasked: Check = {
  probe: 'D8',
  name: 'target without a decision',
  closed: 'No spelling of the target reaches the API without a decision.',
  hole: 'A spelling of the target comes through without a decision.',
  fix: 'Let no location for endings, such as .json, pass requests on without asking.',
}

export async function probeTargets(site: Site): Promise<readonly Finding[]> {
  if (!site.hasEcho) return [changed, unasked].map((check) => unchecked(check, needsEcho))
  const sightings: Sighting[] = []
  for (const target of twist(site.path)) sightings.push(await site.send({ target }))
  return [
    judge(changed, sightings, ({ target, told, arrival }) => {
      if (!arrival) return false
      const decided = told?.target ?? target
      return arrival.target === decided ? false : `decided was ${decided}`
    }),
    site.control.report
      ? judge(unasked, sightings, ({ arrival, report }) => arrival !== undefined && report === null)
      : unchecked(unasked, needsReports),
  ]
}

/** `path` in 72 forms, each of which some server takes for it, or for another one. */
function twist(path: string): readonly string[] {
  const inner = path.slice(1)
  const first = inner.charAt(0)
  const rest = inner.slice(1)
  const code = first.charCodeAt(0).toString(16).padStart(2, '0')
  const wide = encodeURIComponent(String.fromCharCode(first.charCodeAt(0) + 0xfee0))
  const dots = [
    '..',
    '%2e%2e',
    '%2E%2e',
    '.%2e',
    '%2e.',
    '..;',
    '..;a=b',
    '%2e%2e;',
    '..%3b',
    '..%20',
    '..%00',
    '..%3f',
    '...',
    '..+',
  ]
  const wideDots = [
    '%ef%bc%8e%ef%bc%8e',
    '%e2%80%a5',
    '%c0%ae%c0%ae',
    '%e0%80%ae.',
    '%252e%252e',
    '%25252e%25252e',
    '%u002e%u002e',
  ]
  const separators = ['%2f', '%5c', '\\', '%252f', '%c0%af', '%ef%bc%8f']
  const ends = [
    '.',
    '%20',
    '+',
    '%09',
    '%00',
    '%0d%0a',
    '%7f',
    ';',
    ';v=1',
    '%3b',
    '.json',
    '/',
    '//',
    '/.',
    '/..',
    '/x/..',
    '/x/%2e%2e',
    '%c2%a0',
  ]
  const early = [
    '%3fa=/claimcheck',
    '%23/claimcheck',
    '#/claimcheck',
    '?/../claimcheck',
    '?a=%5c%00',
    '/%c2%ad',
    '/%e2%80%8b',
  ]
  return [
    ...[...dots, ...wideDots].map((dot) => `/claimcheck/${dot}${path}`),
    ...separators.map((separator) => `/claimcheck/..${separator}${inner}`),
    ...['//', '///', '/./', '/%2e/', '/;/', '/%2f', '/\\', '/%5c', '/claimcheck//../', '/%20', '/+'].map(
      (start) => `${start}${inner}`,
    ),
    ...[`%${code}`, `%25${code}`, `%u00${code}`, wide].map((letter) => `/${letter}${rest}`),
    ...[path.toUpperCase(), `/${first.toUpperCase()}${rest}`, `/${first}%c2%ad${rest}`].filter((one) => one !== path),
    ...[...ends, ...early].map((end) => `${path}${end}`),
    `http:${path}`,
    inner,
  ]
}
