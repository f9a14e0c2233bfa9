// The two identifiers that all tokens carry. Apart, so that a cold start loads nothing else with them.
export const audience = 'https://orders.example.com/api'
export const issuer = 'http://127.0.0.1/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0'
