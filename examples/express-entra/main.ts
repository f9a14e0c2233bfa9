// Serves the API. Needs the ids of your tenant and of the API's app registration: TENANT and CLIENT_ID.
import { createApp } from './app.ts'

const { TENANT: tenant = '', CLIENT_ID: clientId = '', PORT = '3000' } = process.env
const server = createApp({ tenant, clientId }).listen(Number(PORT), '127.0.0.1', () => console.log(server.address()))
