// A refusal that reaches a framework's own error handling or a logger shows its public code, and nothing of its reason or details.
import { inspect } from 'node:util'
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { AuthError } from 'claimcheck'
import express from 'express'
import fastify from 'fastify'
import pino from 'pino'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startLoopback } from '../support/loopback.ts'

function refusal(): AuthError {
  return new AuthError('audience_mismatch', {
    hint: 'SECRET-hint',
    details: { iss: 'SECRET-iss', received: 'SECRET-received', cause: new Error('SECRET-cause') },
  })
}

const inner = /SECRET|audience_mismatch/

it('Fastify’s own error page prints the public code alone', async () => {
  const app = fastify()
  onTestFinished(() => app.close())
  app.get('/', () => Promise.reject(refusal()))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const answer = await fetch(url)
  const body = await answer.text()
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, refusal().headers['WWW-Authenticate']])
  expect(JSON.parse(body)).toMatchObject({ code: 'invalid_token', message: refusal().message })
  expect(body).not.toMatch(inner)
})

it.each(['production', 'development'])('Express’s own error page tells nothing more (%s)', async (environment) => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const app = express()
  app.set('env', environment)
  app.get('/', () => {
    throw refusal()
  })
  const answer = await fetch(`http://${(await startLoopback(app)).host}/`)
  const body = await answer.text()
  expect(answer.status).toBe(401)
  expect(body).not.toMatch(inner)
})

it('pino writes the public code, and nothing of the rest', () => {
  const lines: string[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(line) })
  logger.error(refusal())
  logger.error({ err: refusal(), error: refusal() }, 'refused')
  expect(lines[0]).toContain('"code":"invalid_token"')
  expect(lines.join('')).not.toMatch(inner)
})

it('Nest’s own exception filter answers without the reason, and its log line has none either', async () => {
  const lines: string[] = []
  const note = (...words: unknown[]): void => void lines.push(inspect(words, { depth: 10 }))
  class RefusingController {
    refuse(): Promise<never> {
      return Promise.reject(refusal())
    }
  }
  Get()(RefusingController.prototype, 'refuse', { value: RefusingController.prototype.refuse })
  Controller()(RefusingController)
  class RefusingModule {}
  Module({ controllers: [RefusingController] })(RefusingModule)
  const app = await NestFactory.create(RefusingModule, {
    logger: { log: () => {}, error: note, warn: note, fatal: note },
  })
  onTestFinished(() => app.close())
  await app.listen(0, '127.0.0.1')
  const answer = await fetch(await app.getUrl())
  // Nest takes every error that is not its own for a fault of the application.
  expect([answer.status, await answer.json()]).toEqual([500, { statusCode: 500, message: 'Internal server error' }])
  // Nest has logged it, so that there is something to look at.
  expect(lines.join('\n')).toContain(refusal().message)
  expect(lines.join('\n')).not.toMatch(/SECRET-(iss|received|cause)/)
})
