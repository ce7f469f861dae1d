/** What a configuration says of a webhook. Spec: docs/monitor.md, docs/watch.md. Pure but for the file with the secret. */

import { optionalSwitch, requiredText, strictMembers } from '../encoding/strict-members.js';

/** Where a webhook goes. */
export interface WebhookConfig {
  readonly url: string;
  /** As it is in its file: readSecret knows what it means. */
  readonly secret: string;
  readonly deadLetters: string;
  readonly allowPrivate: boolean;
}

/** Files beside a configuration. */
export interface ConfigFiles {
  /** Returns a path of the configuration as one of the system. */
  at(path: string): string;
  /** Returns the text of such a path; throws when it cannot be read. */
  readText(path: string): string;
}

/** Returns the webhook. Throws CONFIG_INVALID naming the member, and what `readText` throws. */
export function readWebhookConfig(
  value: unknown,
  place: string,
  { at, readText }: ConfigFiles,
): WebhookConfig {
  const names = ['url', 'secretFile', 'deadLetters', 'allowPrivateAddresses'];
  const fields = strictMembers(value, place, names);
  const text = (name: string): string => requiredText(fields[name], `${place}.${name}`);
  return {
    url: text('url'),
    secret: readText(text('secretFile')),
    deadLetters: at(text('deadLetters')),
    allowPrivate: optionalSwitch(fields['allowPrivateAddresses'], `${place}.allowPrivateAddresses`),
  };
}
