// What an issuer's profile may ask for besides keys: another audience claim, its own header, padded tokens, and so on.
import { createResourceServer, createVerifier } from 'claimcheck'
import { type Issuer, withClaims } from 'claimcheck/issuers'
import { claim, evaluate, not } from 'claimcheck/policy'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTestClock, now } from '../support/clock.ts'
import { customIssuer } from '../support/issuers.ts'
import { createKey, createToken, encode, goodClaims, issuer, keyFor, signatureOf } from '../support/tokens.ts'
import { expectInvalidToken, type OtherOptions, refusalOf } from '../support/verifiers.ts'

const clock = createTestClock()
const fetch = () => Promise.reject(new Error('this test must not fetch'))
const make = (changes: Partial<Issuer>, options: OtherOptions = {}) =>
  createVerifier({ clock, fetch, ...options, issuer: customIssuer(changes) })
const keys = { jwks: { keys: [keyFor('ES256').publicJwk] } }

describe('the audience', () => {
  const byClient = make({ audience: ['web', 'app'], audienceSource: { claim: 'client_id' } })

  it('may be another claim', async () => {
    const { claims } = await byClient.verifyToken(createToken({ claims: { aud: undefined } }))
    expect(claims.aud).toBeUndefined()
    await byClient.verifyToken(createToken({ claims: { aud: 'urn:whatever' } }))
    const error = await expectInvalidToken(
      byClient.verifyToken(createToken({ claims: { client_id: 'other', aud: ['web'] } })),
      'audience_mismatch',
    )
    expect(error.details).toMatchObject({ claim: 'client_id', expected: ['web', 'app'], received: 'other' })
    const missing = createToken({ claims: { client_id: undefined, aud: 'web' } })
    expect((await expectInvalidToken(byClient.verifyToken(missing), 'claim_missing')).details.claim).toBe('client_id')
  })

  it('may be a member of the header', async () => {
    const { verifyToken } = make({ audience: ['arn:1'], audienceSource: { header: 'signer' } })
    await verifyToken(createToken({ header: { signer: 'arn:1' } }))
    for (const signer of ['arn:2', { toString: () => 'arn:1' }, [['arn:1']]]) {
      const error = await expectInvalidToken(verifyToken(createToken({ header: { signer } })), 'audience_mismatch')
      expect(error.details.claim).toBe('signer')
    }
    const inClaims = createToken({ claims: { signer: 'arn:1' } })
    expect((await expectInvalidToken(verifyToken(inClaims), 'claim_missing')).details.claim).toBe('signer')
  })

  it("of another claim must be the issuer's own: the API's aud is another thing", () => {
    const { audience: _, ...without } = customIssuer({ audienceSource: { claim: 'client_id' } })
    const message = 'custom: an issuer with audienceSource must bring its own audience: aud is another thing.'
    expect(() => createVerifier({ issuer: without, audience: 'web' })).toThrow(new TypeError(message))
    expect(() => make({ audience: null, audienceSource: { claim: 'client_id' } })).toThrow(new TypeError(message))
  })
})

describe('an alias', () => {
  it('is the same issuer under another name', async () => {
    const { verifyToken } = make({
      endpoints: [{ issuer, aliases: ['sts.example.com'], keys, insecureAllowHttp: false }],
    })
    const auth = await verifyToken(createToken({ claims: { iss: 'sts.example.com' } }))
    expect(auth.issuer).toBe(issuer)
    expect(auth.principal.key).toBe((await verifyToken(createToken())).principal.key)
    await expectInvalidToken(verifyToken(createToken({ claims: { iss: 'sts.example.com/' } })), 'issuer_unknown')
  })
})

describe('a subject prefix', () => {
  const endpoint = (name: string) => ({
    issuer: `spiffe://${name}`,
    subjectPrefix: `spiffe://${name}/`,
    keys,
    insecureAllowHttp: false,
  })
  const { verifyToken } = make({ endpoints: [endpoint('one'), endpoint('two')] })
  const svid = (sub: unknown, more = {}) => verifyToken(createToken({ claims: { iss: undefined, sub, ...more } }))

  it('finds the issuer of a token without iss', async () => {
    expect((await svid('spiffe://one/a')).issuer).toBe('spiffe://one')
    expect((await svid('spiffe://two/a')).issuer).toBe('spiffe://two')
  })

  it('finds no other', async () => {
    for (const sub of ['spiffe://one', 'spiffe://one.evil/a', 'spiffe://three/a', undefined, 7])
      expect((await refusalOf(svid(sub))).reason).toBe('claim_missing')
    await expectInvalidToken(svid('spiffe://one/a', { iss: 'spiffe://other' }), 'issuer_unknown')
    await expectInvalidToken(svid('spiffe://one/a', { iss: null }), 'issuer_unknown')
  })

  it('must not begin another', () => {
    const wide = { ...endpoint('one'), issuer: 'wide', subjectPrefix: 'spiffe://' }
    expect(() => make({ endpoints: [endpoint('one'), wide] })).toThrow(
      new TypeError("Two configured issuers answer to the subjects 'spiffe://one/…': leave one out."),
    )
  })
})

describe('a claim of another type', () => {
  it('is taken where the profile says that its STS writes it so', async () => {
    const claims = { auth_time: '2026-11-23T11:59:00.000Z' }
    await expectInvalidToken(make({}).verifyToken(createToken({ claims })), 'claim_invalid')
    const { claims: verified } = await make({ nonStandardClaimTypes: ['auth_time'] }).verifyToken(
      createToken({ claims }),
    )
    expect(verified.auth_time).toBe(claims.auth_time)
  })

  it.each(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat'])('is never %s', (name) => {
    expect(() => make({ nonStandardClaimTypes: [name] })).toThrow(
      new TypeError('custom: nonStandardClaimTypes must not hold any of iss, sub, aud, exp, nbf, iat.'),
    )
  })
})

describe('a key', () => {
  it('that the profile refuses verifies nothing, nor does its replacement', async () => {
    const first = { ...createKey('ES256', { kid: 'k' }) }
    const second = { ...createKey('ES256', { kid: 'k' }) }
    let served = { ...first.publicJwk, issuer: 'one' }
    const { verifyToken } = make(
      {
        endpoints: [{ issuer, keys: { jwksUri: 'https://sts.example.com/jwks' }, insecureAllowHttp: false }],
        checkKey: (key) => (key.issuer === 'one' ? undefined : { reason: 'key_not_found', hint: 'of another tenant' }),
      },
      { fetch: async () => Response.json({ keys: [served] }) },
    )
    await verifyToken(createToken({ key: first }))
    served = { ...second.publicJwk, issuer: 'two' }
    await expectInvalidToken(verifyToken(createToken({ key: second })), 'signature_invalid')
    expect((await expectInvalidToken(verifyToken(createToken({ key: second })), 'key_not_found')).hint).toBe(
      'of another tenant',
    )
  })

  it("may come from a source of the profile's own, whose failure is a 503", async () => {
    const key = await crypto.subtle.importKey(
      'jwk',
      keyFor('ES256').publicJwk as never,
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['verify'],
    )
    const queries: unknown[] = []
    const source = {
      async findKey(query: unknown) {
        queries.push(query)
        if (queries.length > 1) throw new Error('the vault is down')
        return { algorithms: ['ES256' as const], key }
      },
    }
    const { verifyToken } = make({ endpoints: [{ issuer, keys: { create: () => source }, insecureAllowHttp: false }] })
    await verifyToken(createToken())
    expect(queries).toEqual([{ alg: 'ES256', kid: 'ES256', typ: 'at+jwt' }])
    const error = await refusalOf(verifyToken(createToken({ claims: { jti: 'j2' } })))
    expect([error.reason, error.status]).toEqual(['keys_unavailable', 503])
  })
})

describe('the principal', () => {
  it('is made with the header, too', async () => {
    const made = customIssuer()
    const principal: Issuer['principal'] = (claims, from, header) => ({
      ...made.principal(claims, from, header),
      tenant: String(header.typ),
    })
    expect((await make({ principal }).verifyToken(createToken())).principal.tenant).toBe('at+jwt')
  })

  it('may be completed, in its groups, roles and permissions and nothing else', async () => {
    const found = {
      groups: { values: ['g'], complete: true },
      roles: ['r'],
      permissions: ['p'],
      key: 'forged',
      kind: 'user',
    }
    const { principal } = await make({ enrichPrincipal: async () => found }).verifyToken(createToken())
    expect(principal).toMatchObject({
      kind: 'unknown',
      key: 'https://sts.example.com|alice',
      groups: { values: ['g'], complete: true },
      roles: ['r'],
      permissions: ['p'],
    })
  })

  it('says from which claim its groups are, which a completion does not change', async () => {
    const lists = { values: ['a'], complete: false, claim: 'crew' }
    const made = customIssuer()
    const principal: Issuer['principal'] = (claims, from, header) => ({
      ...made.principal(claims, from, header),
      groups: lists,
    })
    const complete = async () => ({ groups: { values: ['a', 'blocked'], complete: true } })
    const token = createToken({ claims: { crew: ['a'] } })
    for (const changes of [{ principal }, { principal, complete }]) {
      const auth = await make(changes).verifyToken(token)
      expect(auth.principal.groups.claim).toBe('crew')
      const policy = not(claim('crew', 'blocked'))
      expect(evaluate(policy, { auth, resource: undefined })).toMatchObject({ effect: 'indeterminate' })
    }
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('no answer'))],
    [
      'throws',
      () => {
        throw new Error('no answer')
      },
    ],
  ])('stays as it is when the completion %s, and an event tells', async (_, complete) => {
    const events: unknown[] = []
    const { verifyToken } = make({ enrichPrincipal: complete }, { onEvent: (event) => events.push(event) })
    expect((await verifyToken(createToken())).principal.groups).toEqual({ values: [], complete: true })
    expect(events).toEqual([{ type: 'principal.incomplete', issuer, reason: 'no answer' }])
  })

  it('waits no longer for its completion than for a fetch', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const events: unknown[] = []
    let begin = (): void => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const complete = () => (begin(), new Promise<never>(() => {}))
    const { verifyToken } = make(
      { enrichPrincipal: complete },
      { fetchTimeoutMs: 700, onEvent: (event) => events.push(event) },
    )
    const verified = verifyToken(createToken())
    await begun
    await vi.advanceTimersByTimeAsync(699)
    expect(events).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect((await verified).principal.subject).toBe('alice')
    expect(events).toEqual([{ type: 'principal.incomplete', issuer, reason: 'no answer within 700 ms' }])
  })

  it('is not completed before the token has proven itself', async () => {
    let calls = 0
    const complete = async () => (calls++, {})
    const forged = createToken({ key: createKey('ES256', { kid: 'ES256' }) })
    await expectInvalidToken(make({ enrichPrincipal: complete }).verifyToken(forged), 'signature_invalid')
    expect(calls).toBe(0)
  })
})

describe('the client registry', () => {
  const kindOf = (kind: string): Partial<Issuer> => {
    const made = customIssuer()
    return { principal: (...facts) => ({ ...made.principal(...facts), kind: kind as 'user' }) }
  }
  const clients = { web: { kind: 'device', form: 'tv' } } as const

  it.each([
    ['application', 'device'],
    ['user', 'user'],
    ['unknown', 'unknown'],
    ['device', 'device'],
  ])('makes of an %s the kind %s', async (kind, refined) => {
    const { principal } = await make(kindOf(kind), { clients }).verifyToken(createToken())
    expect(principal.kind).toBe(refined)
    expect(principal.client).toEqual({ id: 'web', type: 'unknown', form: 'tv' })
    expect(principal.key).toBe('https://sts.example.com|alice')
  })

  it('says nothing of other clients, whatever they are called', async () => {
    const { verifyToken } = make(kindOf('application'), { clients })
    for (const id of ['WEB', 'toString', '__proto__', 'constructor']) {
      const { principal } = await verifyToken(createToken({ claims: { client_id: id } }))
      expect(principal).toMatchObject({ kind: 'application', client: { id, type: 'unknown' } })
    }
  })

  it("may be the issuer's own", async () => {
    const withClients = { ...kindOf('application'), clients: { other: { form: 'phone' } } }
    const { principal } = await make(withClients, { clients }).verifyToken(createToken())
    expect(principal).toMatchObject({ kind: 'application', client: { id: 'web', type: 'unknown' } })
    const { principal: other } = await make(withClients, { clients }).verifyToken(
      createToken({ claims: { client_id: 'other' } }),
    )
    expect(other.client).toEqual({ id: 'other', type: 'unknown', form: 'phone' })
  })

  it.each([
    [
      { web: { kind: 'user' } },
      "clients['web'].kind may only be 'device', not 'user': what a token does not prove, no configuration makes a user.",
    ],
    [
      { web: { kind: 'application' } },
      "clients['web'].kind may only be 'device', not 'application': what a token does not prove, no configuration makes a user.",
    ],
    [{ web: { form: '' } }, "clients['web'].form must be a non-empty string, not ''."],
    [{ web: { shape: 'tv' } }, "clients['web'] has no option shape. It has: kind, form."],
    [{ web: 'device' }, "clients['web'] needs an options object, a plain one."],
    [['web'], "clients must be an object such as { 'client id': { kind: 'device', form: 'tv' } }."],
    [
      new Map([['tv', { kind: 'device' }]]),
      "clients must be an object such as { 'client id': { kind: 'device', form: 'tv' } }.",
    ],
    [new Map(), "clients must be an object such as { 'client id': { kind: 'device', form: 'tv' } }."],
    [new Set(['tv']), "clients must be an object such as { 'client id': { kind: 'device', form: 'tv' } }."],
    [
      Object.create({ tv: { kind: 'device' } }),
      "clients must be an object such as { 'client id': { kind: 'device', form: 'tv' } }.",
    ],
    [null, "clients must be an object such as { 'client id': { kind: 'device', form: 'tv' } }."],
  ])('cannot be %j', (wrong, message) => {
    expect(() => make({}, { clients: wrong as never })).toThrow(new TypeError(message))
    expect(() => make({ clients: wrong as never })).toThrow(new TypeError(message))
  })
})

describe('a hint of the profile', () => {
  it('takes the place of the common one, also where no issuer was found; one that throws is none', async () => {
    const hint: Issuer['hint'] = (reason, { claims }) => {
      if (claims.jti === 'throws') throw new Error('oops')
      return reason === 'issuer_unknown' ? `not ${String(claims.iss).slice(0, 20)}` : undefined
    }
    const { verifyToken } = make({ hint })
    const token = (claims: object) => verifyToken(createToken({ claims: { ...claims } }))
    expect((await expectInvalidToken(token({ iss: 'https://x.example' }), 'issuer_unknown')).hint).toBe(
      'not https://x.example',
    )
    expect((await expectInvalidToken(token({ iss: 'x', jti: 'throws' }), 'issuer_unknown')).hint).toMatch(
      /byte for byte/,
    )
    expect((await expectInvalidToken(token({ aud: 'https://api.example.com/' }), 'audience_mismatch')).hint).toMatch(
      /trailing slash/,
    )
  })
})

describe('the claims schema of an issuer', () => {
  const level = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => ({ value: { level: (value as { level: number }).level * 2 } }),
    },
  } as const

  it('takes the place of the common one for its tokens', async () => {
    const common = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'never' }] }) },
    } as const
    const other = {
      ...customIssuer(),
      endpoints: [{ issuer: 'https://other.example.com', keys, insecureAllowHttp: false }],
    }
    const { verifyToken } = createVerifier({
      issuer: [customIssuer({ claims: level }), other],
      claims: common,
      clock,
      fetch,
    })
    expect((await verifyToken(createToken({ claims: { level: 2 } }))).claims).toMatchObject({ level: 4, sub: 'alice' })
    await expectInvalidToken(
      verifyToken(createToken({ claims: { iss: 'https://other.example.com' } })),
      'claims_schema_mismatch',
    )
  })
})

describe('a token header of an issuer', () => {
  const options = {
    issuer: [
      customIssuer({ tokenHeader: 'x-assertion' }),
      { ...customIssuer(), endpoints: [{ issuer: 'https://other.example.com', keys, insecureAllowHttp: false }] },
    ],
    clock,
    fetch,
  }
  const api = createResourceServer(options)
  const issuerToken = createToken()
  const other = createToken({ claims: { iss: 'https://other.example.com' } })
  const send = async (...headers: [string, string][]) => {
    const result = await api.authenticate({ method: 'GET', url: '/', headers })
    return result.outcome === 'refused' ? `${result.error.status} ${result.error.reason}` : result.outcome
  }

  it('is where its tokens come in, in any letter case, and nowhere else', async () => {
    expect(await send(['X-Assertion', issuerToken])).toBe('authenticated')
    expect(await send(['x-assertion', issuerToken])).toBe('authenticated')
    expect(await send(['Authorization', `Bearer ${issuerToken}`])).toBe('401 token_in_wrong_header')
  })

  it('is no place for the tokens of others', async () => {
    expect(await send(['Authorization', `Bearer ${other}`])).toBe('authenticated')
    expect(await send(['X-Assertion', other])).toBe('401 token_in_wrong_header')
  })

  it('does not become right once the token has been seen in the right one', async () => {
    for (let round = 0; round < 3; round++) {
      expect(await send(['X-Assertion', issuerToken])).toBe('authenticated')
      expect(await send(['Authorization', `Bearer ${issuerToken}`])).toBe('401 token_in_wrong_header')
      expect(await send(['Authorization', `Bearer ${other}`])).toBe('authenticated')
      expect(await send(['X-Assertion', other])).toBe('401 token_in_wrong_header')
    }
  })

  it('and a second credential are one too many', async () => {
    const bearer: [string, string] = ['Authorization', `Bearer ${other}`]
    expect(await send(['X-Assertion', issuerToken], bearer)).toBe('400 credential_repeated')
    expect(await send(bearer, ['X-Assertion', issuerToken])).toBe('400 credential_repeated')
    expect(await send(['X-Assertion', issuerToken], ['x-assertion', issuerToken])).toBe('400 credential_repeated')
    expect(await send(['X-Assertion', issuerToken], ['Authorization', 'Bearer'])).toBe('400 credential_malformed')
    expect(await send(['X-Assertion', issuerToken], ['Authorization', 'Basic Zm9v'])).toBe('authenticated')
  })

  it.each(['', ' ', `Bearer ${issuerToken}`, `${issuerToken}, ${issuerToken}`, 'a b', 'ä', `${issuerToken}\t`])(
    'with the value %j is malformed',
    async (value) => {
      expect(await send(['X-Assertion', value])).toBe('400 credential_malformed')
    },
  )

  it('of no configured issuer is not looked at', async () => {
    expect(await send(['X-Other', issuerToken])).toBe('anonymous')
  })

  it('is not looked at without a request', async () => {
    expect((await api.verifyToken(issuerToken)).issuer).toBe(issuer)
  })
})

describe('padded tokens', () => {
  const padded = (text: string) => `${text}${'='.repeat((4 - (text.length % 4)) % 4)}`
  const sign = (header: object, claims: object, pad = padded) => {
    const input = `${pad(encode(JSON.stringify(header)))}.${pad(encode(JSON.stringify(claims)))}`
    return `${input}.${pad(signatureOf(Buffer.from(input), keyFor('ES256')).toString('base64url'))}`
  }
  const header = { alg: 'ES256', kid: 'ES256', typ: 'at+jwt', iss: issuer, exp: now + 60, signer: 'arn:1' }
  const { iss: _iss, exp: _exp, ...payload } = goodClaims()
  const gateway = customIssuer({ base64Padding: { headerClaims: ['iss', 'exp'] } })
  const plain = {
    ...customIssuer(),
    endpoints: [{ issuer: 'https://other.example.com', keys, insecureAllowHttp: false }],
  }
  const { verifyToken } = createVerifier({ issuer: [gateway, plain], clock, fetch })

  it('are verified over the text as it was sent, with the claims of their header', async () => {
    const auth = await verifyToken(sign(header, payload))
    expect(auth.claims).toMatchObject({ iss: issuer, exp: now + 60, sub: 'alice' })
    expect(auth.claims).not.toHaveProperty('signer')
    expect(auth.expiresAt).toBe(now + 60)
  })

  it('are as long as any other, padding included, and not looked at beyond', async () => {
    const bytes = 1002 // Three padded segments and two dots.
    const { verifyToken } = createVerifier({ issuer: [gateway, plain], clock, fetch, maxTokenBytes: bytes })
    const signed = (pad: number) => sign(header, { ...payload, pad: 'x'.repeat(pad) })
    const lengths = Array.from({ length: 400 }, (_, pad) => signed(pad + 100)).map(
      (token) => [token, token.length] as const,
    )
    const longest = lengths.filter(([, length]) => length <= bytes).at(-1)?.[0] ?? ''
    expect(longest.length).toBe(bytes)
    expect((await verifyToken(longest)).claims.sub).toBe('alice')
    const tooLong = lengths.filter(([, length]) => length > bytes).map(([token]) => token)
    // Without its padding one of these would not be too long.
    expect(tooLong.some((token) => token.replaceAll('=', '').length <= bytes)).toBe(true)
    for (const token of tooLong) await expectInvalidToken(verifyToken(token), 'token_too_large')
  })

  it('expire by the claim in their header', async () => {
    await expectInvalidToken(verifyToken(sign({ ...header, exp: now - 31 }, payload)), 'token_expired')
    await expectInvalidToken(verifyToken(sign({ ...header, exp: undefined }, payload)), 'claim_missing')
  })

  it('must not contradict themselves', async () => {
    await verifyToken(sign(header, { ...payload, iss: issuer }))
    await expectInvalidToken(
      verifyToken(sign(header, { ...payload, iss: 'https://other.example.com' })),
      'claim_invalid',
    )
    await expectInvalidToken(verifyToken(sign(header, { ...payload, exp: now + 9999 })), 'claim_invalid')
  })

  it('have one spelling', async () => {
    const token = sign(header, { ...payload, iss: issuer })
    const [head = '', claims = '', signature = ''] = token.split('.')
    const twins = [
      token.replaceAll('=', ''),
      `${head}.${claims}.${signature.replaceAll('=', '')}`,
      `${head}.${claims}.${signature}====`,
      `${head}.${claims}.=${signature.slice(1)}`,
      `${head}=.${claims}.${signature}`,
      `${head}.${claims}.${signature}.=`,
      token.replace('.', '=.'),
      token.replaceAll('=', '%3D'),
      token.replaceAll('_', '/').replaceAll('-', '+'),
    ]
    for (const twin of twins.filter((one) => one !== token))
      await expectInvalidToken(verifyToken(twin), 'token_malformed')
  })

  it('are accepted of the issuer that has them, and of no other', async () => {
    await expectInvalidToken(
      verifyToken(sign({ ...header, iss: 'https://other.example.com' }, payload)),
      'token_malformed',
    )
    await verifyToken(createToken({ claims: { iss: 'https://other.example.com' } }))
    await expectInvalidToken(verifyToken(createToken()), 'token_malformed')
    const without = createVerifier({ issuer: customIssuer(), clock, fetch })
    await expectInvalidToken(without.verifyToken(sign(header, payload)), 'token_malformed')
  })
})

it('a schema can be given to any issuer, also one that is an instance of a class', async () => {
  class OwnIssuer {
    constructor() {
      const { principal, validateToken, ...data } = customIssuer()
      Object.assign(this, data, { made: principal })
      void validateToken
    }
    declare readonly made: Issuer['principal']
    validateToken() {
      return undefined
    }
    principal(...facts: Parameters<Issuer['principal']>) {
      return this.made(...facts)
    }
  }
  const schema = {
    '~standard': { version: 1, vendor: 'test', validate: () => ({ value: { level: 7 } }) },
  } as const
  const instance = new OwnIssuer() as unknown as ReturnType<typeof customIssuer>
  const { verifyToken } = createVerifier({ issuer: withClaims(instance, schema), clock, fetch })
  expect((await verifyToken(createToken())).claims).toMatchObject({ level: 7, sub: 'alice' })
  const message = "claims['~standard'].validate must be a function, not undefined."
  expect(() => withClaims(instance, {} as never)).toThrow(new TypeError(message))
})
