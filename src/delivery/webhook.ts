/**
 * CloudEvents, posted and signed.
 *
 * Spec: CloudEvents 1.0 in JSON, structured mode; the signature is that of https://www.standardwebhooks.com: HMAC-SHA-256
 * over `id.timestamp.body`. In scope: one event a request, tried again, and the file for what nobody took. Out of scope:
 * what an event says. State: the dead-letter file.
 */

import { createHmac } from 'node:crypto';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { fromBase64 } from '../encoding/base64.js';
import { isLogError, LogError } from '../errors.js';
import { appendLines } from '../files/durable-file.js';
import { isPublicAddress, publicLookup } from './public-address.js';

/** Where events go, and how hard it is tried. */
export interface WebhookOptions {
  readonly url: string;
  /** HMAC key. */
  readonly secret: Uint8Array;
  /** Lines of JSON: the events that nobody took, as they were to be sent. */
  readonly deadLetters: string;
  /** True: addresses of private networks too. */
  readonly allowPrivate: boolean;
  readonly attempts: number;
  readonly timeoutMs: number;
  readonly now: () => Date;
  readonly pause: (ms: number) => Promise<unknown>;
  /** Called for every event that went into the dead-letter file. */
  readonly gaveUp: (id: string, reason: string) => void;
  /** Ends a delivery that is under way; whoever asked for it may ask again. */
  readonly signal?: AbortSignal;
}

/** An event in JSON, structured mode. */
export interface CloudEvent {
  readonly specversion: '1.0';
  /** With `source`, names the event for ever: what is sent twice has the same. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: object;
}

/** What an event says besides its form. */
export interface EventFacts extends Omit<CloudEvent, 'specversion' | 'datacontenttype' | 'time'> {
  readonly at: Date;
}

/** Returns the event. */
export function cloudEvent({ id, source, type, subject, at, data }: EventFacts): CloudEvent {
  const time = at.toISOString();
  return {
    specversion: '1.0',
    ...{ id, source, type, subject, time },
    datacontenttype: 'application/json',
    data,
  };
}

/** How hard it is tried as a rule, as docs/monitor.md and docs/watch.md say. */
export const DELIVERY_LIMITS = { attempts: 6, timeoutMs: 10_000 } as const;

/** Takes events to one address. */
export interface Webhook {
  /**
   * Resolves when the event was taken, or is in the dead-letter file. Rejects when that cannot be written, and with
   * SHUTTING_DOWN when the signal ended it: the event was taken, or nobody has it.
   */
  deliver(event: CloudEvent): Promise<void>;
}

/** Returns the webhook. Throws CONFIG_INVALID for a URL that is none, or private without being allowed to be. */
export function openWebhook(options: WebhookOptions): Webhook {
  const url = readUrl(options);
  return { deliver: (event) => deliver(event, url, options) };
}

/** Returns the HMAC key in a text: `whsec_` and base64, or anything else as it stands. Throws CONFIG_INVALID. */
export function readSecret(text: string): Uint8Array {
  const secret = text.trim();
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new LogError('CONFIG_INVALID', `a webhook's secret is shorter than ${MIN_SECRET_LENGTH}`);
  }
  if (!secret.startsWith(SECRET_PREFIX)) return Buffer.from(secret);
  try {
    return fromBase64(secret.slice(SECRET_PREFIX.length));
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('CONFIG_INVALID', "the webhook's secret is not base64", { cause });
  }
}

/** Returns the value of `webhook-signature` for a body. */
export function signatureOf(secret: Uint8Array, id: string, seconds: number, body: string): string {
  const signed = createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64');
  return `v1,${signed}`;
}

const SECRET_PREFIX = 'whsec_';
const MIN_SECRET_LENGTH = 16;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 60_000;

async function deliver(event: CloudEvent, url: URL, options: WebhookOptions): Promise<void> {
  const body = JSON.stringify(event);
  for (let attempt = 1; ; attempt++) {
    const result = await post(url, event.id, body, options);
    if (result === undefined) return;
    assertGoesOn(options);
    if (attempt >= options.attempts || !result.mayPass) {
      await appendLines(options.deadLetters, [body]);
      options.gaveUp(event.id, result.reason);
      return;
    }
    const own = FIRST_PAUSE_MS * 2 ** (attempt - 1);
    await options.pause(Math.min(MAX_PAUSE_MS, Math.max(own, result.retryAfterMs)));
    assertGoesOn(options);
  }
}

function assertGoesOn({ signal }: WebhookOptions): void {
  if (signal?.aborted !== true) return;
  throw new LogError('SHUTTING_DOWN', 'the delivery of an event was ended');
}

interface Refusal {
  readonly reason: string;
  readonly mayPass: boolean;
  readonly retryAfterMs: number;
}

/** Resolves to undefined when the event was taken. A redirection is a refusal: nobody vouches for where it leads. */
function post(
  url: URL,
  id: string,
  body: string,
  { secret, allowPrivate, timeoutMs, now, signal }: WebhookOptions,
): Promise<Refusal | undefined> {
  // The time of this attempt: receivers refuse what is old.
  const seconds = Math.floor(now().getTime() / 1000);
  const options: RequestOptions = {
    method: 'POST',
    signal: AbortSignal.any([
      AbortSignal.timeout(timeoutMs),
      ...(signal === undefined ? [] : [signal]),
    ]),
    ...(!allowPrivate && { lookup: publicLookup }),
    headers: {
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      // An ID holds an origin: letters that a header cannot carry are written as in a URL.
      'webhook-id': encodeURI(id),
      'webhook-timestamp': seconds,
      'webhook-signature': signatureOf(secret, encodeURI(id), seconds, body),
    },
  };
  return new Promise((resolve) => {
    const failed = (error: Error) => {
      resolve({ reason: error.message, mayPass: true, retryAfterMs: 0 });
    };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = send(url, options, (response) => {
      const { statusCode: status = 0, headers } = response;
      // The answer's body says nothing here, however long it is.
      response.destroy();
      const retryAfterMs = Number(headers['retry-after'] ?? 0) * 1000 || 0;
      const mayPass = status >= 500 || status === 408 || status === 425 || status === 429;
      const isTaken = status >= 200 && status < 300;
      resolve(isTaken ? undefined : { reason: `status ${status}`, mayPass, retryAfterMs });
    });
    outgoing.on('error', failed);
    outgoing.end(body);
  });
}

function readUrl({ url: text, allowPrivate }: WebhookOptions): URL {
  if (!URL.canParse(text)) throw new LogError('CONFIG_INVALID', 'the webhook has no URL');
  const url = new URL(text);
  const isWeb = url.protocol === 'https:' || (url.protocol === 'http:' && allowPrivate);
  if (!isWeb || url.username !== '' || url.password !== '') {
    throw new LogError('CONFIG_INVALID', 'the webhook is not an https URL without a password');
  }
  // A name is judged when it is looked up; an address is not looked up.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) {
    throw new LogError('CONFIG_INVALID', `the webhook's address ${host} is private`);
  }
  return url;
}
