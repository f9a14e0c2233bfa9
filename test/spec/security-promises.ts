// What SECURITY.md promises, and the tests that hold it: words of each promise, and titles of tests by their files below test/.

export interface Promised {
  /** Words of the page, as they stand there. */
  readonly words: string
  readonly heldBy: Readonly<Record<string, readonly string[]>>
}

export const attackers: readonly Promised[] = [
  {
    words: 'tokens over `maxTokenBytes` (16 KiB) are refused before they are decoded; parsing is strict',
    heldBy: {
      'attacks/oversized.test.ts': [
        '[OWN-LIM-1] is one of more than 16 KiB',
        '[OWN-LIM-1] costs no parsing and no decoding',
      ],
      'jwt/arbitrary-tokens.test.ts': ['refuses every unsigned string'],
      'internal/json.test.ts': ['refuses every object with one name more than once, wherever it stands'],
    },
  },
  {
    words: '`iss`, `alg`, `typ`, `exp` and `aud` are checked before a key is looked up',
    heldBy: {
      'attacks/kid-storm.test.ts': [
        '[OWN-JWKS-1] asks nothing of the STS for tokens that cannot be good whatever their key',
      ],
      'verifier/verifier.test.ts': ['%s is still a final 401'],
    },
  },
  {
    words: 'unknown `kid`s and bad signatures have budgets',
    heldBy: {
      'rotation/flood.test.ts': ['makes at most six fetches of 10 000 kids in ten seconds'],
      'rotation/forgeries.test.ts': ['cause no more than six fetches a minute beyond the burst'],
    },
  },
  {
    words: "an issuer's JWK Set is fetched once at a time",
    heldBy: { 'jwks/remote-keys.test.ts': ['is fetched once for a thousand concurrent first requests'] },
  },
  {
    words: 'algorithms come from the configuration only, never `none`, never HMAC; one key serves one algorithm',
    heldBy: {
      'crypto/algorithms.test.ts': ['[RFC8725bis-3.1-1] is refused when %s is not in the list'],
      'attacks/algorithm-confusion.test.ts': [
        '[RFC8725bis-2.1-1] makes no token: %s',
        "it.each(['none', 'None'",
        '[RFC8725bis-3.1-3] an RSA key with alg %s and a token with %s',
      ],
    },
  },
  {
    words: '`jwk`, `jku`, `x5u` and `x5c` of a token are never read',
    heldBy: {
      'attacks/key-injection.test.ts': [
        '[RFC7515-4.1.2-1] a self-signed token with its own jwk is refused',
        '[RFC7515-4.1.2-1] a good token may name an address, which is not called',
      ],
    },
  },
  {
    words: '`audience` is required, by its type as well; it is compared exactly',
    heldBy: {
      'verifier/verifier-options.test.ts': ['[RFC8725bis-3.9-1] a missing audience for %s, and says what to write'],
      'types/verifier.test-d.ts': ['The audience may be left out only where every issuer brings its own'],
      'jwt/claims.test.ts': ['is not part of another: no prefix, suffix or letter case counts'],
    },
  },
  {
    words: "the header's `typ`; claims that only other tokens carry",
    heldBy: { 'attacks/token-kinds.test.ts': ['[RFC8725bis-3.12-1] %s does not'] },
  },
  {
    words: 'The Entra presets demand a scope or an app role',
    heldBy: { 'presets/entra-refusals.test.ts': ['with the scp %j', 'without roles'] },
  },
  {
    words:
      "no other preset, and no plain URL, stands for an issuer at Microsoft's hosts (`awsAlb` may, since the load balancer signs)",
    heldBy: {
      'presets/microsoft-hosts.test.ts': [
        'is refused by everything that takes an issuer as a URL',
        'is refused by $name as its $option',
        'may be that of an identity provider whose users a load balancer has logged in',
      ],
    },
  },
  {
    words: 'its identifier or alias equals `iss`, byte for byte',
    heldBy: {
      'attacks/cross-issuer.test.ts': ['[RFC8725bis-3.8-1] is not even asked for when the token names another'],
      'attacks/look-alikes.test.ts': ['are not met by any other spelling'],
      'issuer/profile.test.ts': ['is the same issuer under another name'],
    },
  },
  {
    words: '(`spiffe()`, for tokens without `iss`: its trust domain begins `sub`)',
    heldBy: { 'issuer/profile.test.ts': ['finds the issuer of a token without iss', 'must not begin another'] },
  },
  {
    words: '`iss`, `tid` and the issuer that the key names agree exactly',
    heldBy: {
      'presets/entra-many.test.ts': ['3. a key whose issuer is %s never verifies', '4. the iss %s is of no tenant'],
      'presets/entra-refusals.test.ts': ['[ENTRA-ISS-1] %s: refused'],
    },
  },
  {
    words: 'the tenant is admitted before anything is fetched; a made-up tenant causes no fetch of its own',
    heldBy: {
      'issuer/tenants.test.ts': ['is asked before anything is fetched, and false refuses'],
      'presets/entra-many.test.ts': ['causes no fetch by its name: a hundred made-up ones cost the two documents'],
    },
  },
  {
    words: "its token needs a role, or a place in `acl`, and proof that it is an application's",
    heldBy: {
      'presets/entra-refusals.test.ts': ['that is not known to be one', 'that has no service principal and no idtyp'],
      'presets/entra-many.test.ts': ['compares client and tenant'],
    },
  },
  {
    words: '| always refused |',
    heldBy: { 'jwt/claims.test.ts': ['is refused whatever it holds, and says why to the operator'] },
  },
  {
    words: 'one deadline, and a size limit for each answer; no redirects',
    heldBy: {
      'issuer/discovery-deadline.test.ts': ['is one for metadata and keys'],
      'issuer/discovery-memory.test.ts': ['is read up to 256 KiB of metadata, and no further'],
      'jwks/remote-keys.test.ts': ['[OWN-JWKS-3] may have 512 KiB and not one byte more'],
      'internal/fetch-json.test.ts': ['is not followed anywhere, not with %i either'],
    },
  },
  {
    words: 'JSON that repeats a name is refused',
    heldBy: {
      'internal/fetch-json.test.ts': ['that repeats a member name fails, since two parsers would read it in two ways'],
    },
  },
  {
    words: 'a document that came over https never leads to http, nor one from elsewhere to this machine',
    heldBy: { 'issuer/written-and-found.test.ts': ['that came from a public %s address never leads to %s'] },
  },
  {
    words: 'the document must name the issuer',
    heldBy: { 'issuer/discovery.test.ts': ['[RFC8414-3.2-1] [RFC8414-3.3-1] %s: nothing of it is used'] },
  },
  {
    words: 'RSA keys are skipped below 2048 or above 8192 bits; so are exponents that are even, below 3 or above 2^32',
    heldBy: {
      'jwks/weak-keys.test.ts': [
        '[RFC7518-3.3-1] keys of %i bits are ignored',
        '[RFC8725bis-3.4-1] keys %s are ignored',
      ],
    },
  },
  {
    words: 'private, symmetric and misfit keys are skipped; an empty set never replaces a good one',
    heldBy: {
      'jwks/import-keys.test.ts': ["'d', 'p', 'q', 'dp'", 'is skipped when its alg cannot be: %s with %j'],
      'rotation/hostile-answers.test.ts': ['skips a symmetric key, with alg and without', 'an empty set'],
    },
  },
  {
    words: "no error or event has a token's text; details are in events and `AuthError.details` only",
    heldBy: {
      'attacks/token-secrecy.test.ts': ['[RFC9700-4.9.3-1] prints nothing of the token or what it says: %s'],
      'errors/auth-error.test.ts': ['[RFC9700-4.9.3-1] shows up in no message, stack, JSON or inspection'],
    },
  },
  {
    words: 'foreign text is cut to 200 printable characters, and `logTo` puts it between quotes',
    heldBy: {
      'internal/printable.test.ts': ['prints at most 203 characters of printable ASCII, whatever it is given'],
      'errors/events.test.ts': [
        'cannot be done by a header and claims of any text',
        'cannot be done by the message of what failed',
      ],
    },
  },
]

export const guaranteed: readonly Promised[] = [
  {
    words: '`verifyToken` resolves only for a token whose signature was verified',
    heldBy: {
      'attacks/malleability.test.ts': ['is refused with any one bit of a signature byte flipped: %s'],
      'jwt/arbitrary-tokens.test.ts': ['refuses a good token with any one character changed, left out, added or moved'],
    },
  },
  {
    words: '`exp`, `nbf`, `iat`, `aud` and `typ` are as configured, `cnf` is absent, and `isRevoked` did not refuse it',
    heldBy: {
      'jwt/claims.test.ts': ['end at %s, and not a millisecond earlier', 'begin at %s, and not a millisecond earlier'],
      'verifier/verifier-faults.test.ts': [
        'is asked last, about the verified and frozen token, and never about a bad one',
      ],
    },
  },
  {
    words: 'No caller is let in while keys, `isRevoked`, the claims schema or a policy cannot be asked',
    heldBy: {
      'spec/outages.test.ts': ['503 and no challenge; back, within a second of its return'],
      'verifier/verifier-faults.test.ts': ['does neither when it throws or rejects: 503, with the cause'],
      'jwt/claims-schema.test.ts': ['a broken schema is our fault and not the token’s'],
      'server/resource-server.test.ts': ['answers 503 when the policy %s, and tells the operator why'],
    },
  },
  {
    words: 'A policy that lacks facts about the caller is 403',
    heldBy: { 'server/refusal.test.ts': ['for want of facts is a 403 without error: asking again never helps'] },
  },
  {
    words: 'Fetches have a deadline',
    heldBy: {
      'internal/fetch-json-deadline.test.ts': ['ends a request whose injected fetch does not listen to its signal'],
    },
  },
  {
    words: 'A verified token is remembered by its SHA-256, for one verifier alone',
    heldBy: { 'attacks/token-cache.test.ts': ['is a stranger to another verifier, which has another audience'] },
  },
  {
    words: "Each later request checks anew: the token's times, its tenant, its key, `isRevoked`",
    heldBy: {
      'attacks/token-cache.test.ts': [
        '[RFC7519-4.1.4-1] is refused from the very moment that its time is over',
        'is refused by the very next request after its tenant was shut out, and 503 while nobody knows',
        'is refused by the very next request after its key was found to be withdrawn',
        'is refused by the very next request after it was revoked, and taken again when that is taken back',
      ],
    },
  },
  {
    words: 'Only verified tokens are remembered',
    heldBy: {
      'verifier/token-cache.test.ts': [
        'is no refused token, however often it comes',
        'is driven out by no number of forged tokens',
      ],
    },
  },
  {
    words: 'no text of a token or of its parts',
    heldBy: {
      'attacks/tokens-in-memory.test.ts': ['[RFC9700-4.9.3-1] holds no text of 10 000 tokens that it remembers'],
    },
  },
  {
    words: 'as old as the first request with the token',
    heldBy: {
      'attacks/token-cache.test.ts': [
        'was not remembered while something was missing in its principal that could not be had',
      ],
    },
  },
  {
    words: 'A policy allows by the literal `true` or an `allow` decision only',
    heldBy: {
      'policy/policy.test.ts': ['allows when it is true or an allow decision', 'is indeterminate when it is %s'],
      'policy/trees.test.ts': ['nothing that fast-check can think of allows, unless it is true or an allowance'],
    },
  },
  {
    words: 'allows no caller, also inside `not`',
    heldBy: {
      'policy/combinators.test.ts': ['not swaps allow and deny, keeps indeterminate answers, and names no requirement'],
    },
  },
  {
    words: '`not(group(…))` lets a caller in only where the list is complete',
    heldBy: {
      'policy/principal-rules.test.ts': [
        'cannot tell when the token left groups out, unless the group is one of the rest',
      ],
      'policy/claim.test.ts': ['proves nothing by what it lacks, unless it is complete: %j'],
    },
  },
  {
    words: '`groupResolver` answered, or where `groupsAreComplete: true` says so',
    heldBy: {
      'presets/groups.test.ts': ['does with a token that %s, all of them as the application says: %j'],
      'presets/entra-groups.test.ts': [
        'is asked for a user with too many groups, by tenant and object id, and its answer is complete',
      ],
    },
  },
  {
    words: 'Roles and permissions have no such protection',
    heldBy: {
      'policy/rules.test.ts': [
        'denies where the token lacks the role, for whatever reason, so that not lets that caller in',
      ],
    },
  },
  {
    words: '`guard.optional()` lets in requests that have no credential, or one of another scheme',
    heldBy: {
      'adapters/requests.ts': [
        'lets in who sends no credential of ours where authentication is optional',
        'refuses a bad token also where authentication is optional',
      ],
      'http/credentials.test.ts': ['[RFC6750-3-1] is %s', '[RFC9110-11.2-2] is malformed and not anonymous: %s'],
    },
  },
  {
    words: 'so a request with that many lines is 400',
    heldBy: {
      'adapters/header-lines.test.ts': [
        'with maxHeadersCount %s refuses %i header lines and more with 400, where Node does not',
        'with maxHeadersCount %s sees every one of %i header lines',
      ],
    },
  },
  {
    words: 'Such an `authorization` counts as none',
    heldBy: { 'attacks/http2.test.ts': ['a field that HTTP/2 forbids lets no caller in: %s'] },
  },
  {
    words: 'Guards judge the credential that `req.headers` has when they run',
    heldBy: {
      'adapters/changed-headers.ts': [
        'counts as one that was received: %s',
        'counts as none when it was %s, also where there were two lines',
        'does not hide that two lines were received',
        'is verified anew by the next guard, and guard.auth() speaks of the last',
        'must be an own property: what every object inherits is no credential',
      ],
    },
  },
  {
    words: 'Every refused request has an `AuthError` of its own',
    heldBy: {
      'verifier/token-cache.test.ts': [
        'is refused a hundred times at once by one verification, and every request gets an error of its own',
      ],
      'errors/auth-error.test.ts': [
        'has a code and a status that nothing can change, though members may be added to an error',
      ],
    },
  },
  {
    words: 'always return a promise',
    heldBy: {
      'attacks/forgotten-await.test.ts': ['where the await is forgotten, and the token is %s'],
      'attacks/unheard-refusals.test.ts': [
        'is an unhandled rejection, whether its token is new, remembered, bad or missing',
      ],
    },
  },
  {
    words:
      'A policy that is given as `undefined` is a `TypeError`, and so is an argument that would be ignored, or a policy in the place of a resource',
    heldBy: {
      'attacks/misconfiguration.test.ts': [
        'is no permission to leave it out',
        'is not dropped as the resource of the first: %s',
      ],
      'packaging/surplus-arguments.test.ts': ['%s() takes %d arguments and no more'],
      'server/resource-server.test.ts': ['%s rejects arguments that it would have to ignore, or that are missing: %#'],
    },
  },
  {
    words: 'Functions that serve as callbacks (`verifyToken`, `ready`, `close`) ignore what is added',
    heldBy: {
      'server/resource-server.test.ts': ['ignores what callbacks are given besides: verifyToken, ready, close'],
    },
  },
  {
    words:
      'Metadata and memory hold what a policy requires only where the policy was declared before the first request',
    heldBy: {
      'server/published-policies-memory.test.ts': ['cost no memory, publish nothing and are told of once, by %s'],
      'server/published-policies.test.ts': ['is not published, and one event says so: %s'],
    },
  },
  {
    words: 'Handlers get deeply frozen data',
    heldBy: {
      'verifier/verified-token.test.ts': ['is frozen at every depth'],
      'jwt/schema-output.test.ts': ['what cannot be frozen is made anew for each request', 'is refused: one %s'],
    },
  },
  {
    words: 'Two copies of claimcheck in one process',
    heldBy: {
      'packaging/two-copies.test.ts': [
        'guard takes no resource server of another copy',
        'a guard gives no caller that a guard of another copy has let in',
        'require, authorize and authorizeAll take no verified token of another copy',
        'withoutDefaultPolicy() of another copy takes no default policy away',
        'a policy of another copy decides as its own, vetoes and what is indeterminate included',
        'a preset of another copy verifies, and refuses, as its own',
      ],
    },
  },
  {
    words: 'While `Object.prototype` has an enumerable member, no token is verified and no request is decided',
    heldBy: {
      'attacks/polluted-prototype.test.ts': [
        'no caller is let in by %s, and each one afterwards as before',
        'the log names the member',
        '%s throws: an option that is left out would be read from it',
      ],
    },
  },
  {
    words: 'at most one and a half times the memory that `tokenCache.maxBytes` names',
    heldBy: { 'verifier/cache-memory.test.ts': ['the heap grows by no more than one and a half of what was promised'] },
  },
]

/** Of what is not guaranteed, the sentences that say what happens and for how long. */
export const limits: readonly Promised[] = [
  {
    words: 'stops verifying at the next refresh. With steady traffic that takes 10 minutes at most',
    heldBy: {
      'jwks/key-set.test.ts': ['spread the refreshes over 50 to 90 percent of the fresh time'],
      'rotation/rotation.test.ts': [
        'serves one last time when its ten minutes are over, while the refresh that ends it runs',
        'does not serve longer than an hour because the STS said that it may',
      ],
    },
  },
  {
    words: 'In a quiet API it takes twice that; past it, requests wait for the refresh, a second at most',
    heldBy: {
      'rotation/rotation.test.ts': ['is refused at once by a process that was idle for twice that time'],
      'rotation/outage.test.ts': ['makes the first requests after an idle hour wait for one second, and only them'],
    },
  },
  {
    words: 'verifies for up to 24 hours after the last success',
    heldBy: {
      'jwks/key-cache.test.ts': [
        'serves the last good keys for 24 hours from the last success, and not a millisecond more',
      ],
    },
  },
  {
    words: 'In an emergency, empty the `keyStore`, if there is one, and restart the process',
    heldBy: {
      'rotation/restart.test.ts': [
        'does not end a withdrawn key while the store holds fresh keys; with an empty store it does',
      ],
    },
  },
  {
    words: 'a withdrawn key stops within twice its time, or 5 seconds later where a fetch was under way',
    heldBy: {
      'rotation/frozen-process.test.ts': [
        'refuses a withdrawn key after twice its time, with a request each $everySeconds s',
        'takes a second longer at most, and the five of a fetch that was under way then, at any pace',
      ],
      'jwks/failing-loads.test.ts': ['waits 1 s, doubled with each failure up to a minute, %s by chance %i'],
    },
  },
  {
    words: '`keepAlive` lets background refreshes end',
    heldBy: {
      'rotation/keep-alive.test.ts': ['is given a refresh in the background, which the request did not wait for'],
    },
  },
  {
    words: 'Bad signatures cause three such fetches, then one each ten seconds',
    heldBy: {
      'jwks/replaced-keys.test.ts': [
        'is looked for three times at once and then each ten seconds, however many forgeries come',
      ],
      'rotation/forgeries.test.ts': ['delay a replaced key by ten seconds at most'],
    },
  },
  {
    words: 'at most 60 a minute for each issuer; the others get 401',
    heldBy: {
      'rotation/forgeries.test.ts': [
        'cause no more than six fetches a minute beyond the burst, and 60 times 503 in any minute',
        'turn the good token into 401 for the rest of those ten seconds once they have spent the 60',
        'that come together share one look, also where it fails: no more than 60 of them get 503',
        'against one issuer cost another nothing',
      ],
      'rotation/kid-flood.test.ts': ['share the budgets of one issuer, however many kids there are'],
    },
  },
  {
    words: 'A signature that no key could have made is 401 without a fetch',
    heldBy: {
      'rotation/forgeries.test.ts': [
        'is due for no signature that no key could have made: 401, also while nothing can be fetched',
      ],
    },
  },
  {
    words:
      '`fileKeyStore` follows no link to a snapshot, and refuses a directory that every user of the machine may write to',
    heldBy: {
      'jwks/file-key-store.test.ts': [
        'follows no link to a snapshot, wherever it leads',
        'takes no directory that every user may write to: %s',
      ],
      'rotation/restart.test.ts': ['starts from the STS when the snapshot is spoilt and the STS is there'],
    },
  },
  {
    words: 'A key that they no longer list serves 24 hours longer (`keyCache: { graceSeconds: 0 }` turns that off)',
    heldBy: {
      'presets/entra-keys.test.ts': [
        'serves for 24 hours, and not a millisecond longer',
        'ends with the next refresh where keyCache.graceSeconds is 0',
      ],
    },
  },
  {
    words: 'an ECDSA signature can be written in two ways',
    heldBy: {
      'attacks/misconfiguration.test.ts': ['is asked about claims, since an ECDSA token can be written in two ways'],
    },
  },
  {
    words: '**`audience: null` and `insecureAllowHttp: true`** do what they say',
    heldBy: {
      'verifier/verifier-options.test.ts': ['no audience where every issuer brings its own'],
      'issuer/written-and-found.test.ts': ['are fetched beyond this machine only where the options say so'],
    },
  },
  {
    words: 'One of 64 KiB, the upper bound of `maxTokenBytes`',
    heldBy: { 'attacks/oversized.test.ts': ['[OWN-LIM-1] is one of more than `maxTokenBytes`: %i'] },
  },
]
