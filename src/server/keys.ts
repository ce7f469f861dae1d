/** The two keys of a log: the operator's own, or files that the log makes for itself at its first start. */

import { type KeyFile, readKeyFile, readOrCreateKeyFile } from '../signing/key-file.js';
import type { Config } from './config.js';
import type { DataFolder } from './data-folder.js';
import type { LogKeys } from './identity.js';

/** Keys, and what the operator should be told about their files. */
export interface OpenKeys {
  readonly keys: LogKeys;
  readonly warnings: readonly string[];
}

/** Returns the keys; missing files are made only when `create` says so. Throws KEY_FILE_INVALID. */
export async function openKeys(
  config: Config,
  folder: DataFolder,
  create: boolean,
): Promise<OpenKeys> {
  const passphrase = config.signingKeyPassphrase;
  const own = (path: string, kind: 'ecdsa-p256' | 'ed25519'): Promise<KeyFile> =>
    create ? readOrCreateKeyFile(path, kind, passphrase) : readKeyFile(path, passphrase);
  const [log, tiles] = [
    config.signingKey === undefined
      ? await own(folder.logKey, 'ecdsa-p256')
      : await readKeyFile(config.signingKey, passphrase),
    config.tileKey === undefined
      ? await own(folder.tileKey, 'ed25519')
      : await readKeyFile(config.tileKey, passphrase),
  ];
  return {
    keys: { log: log.signer, tiles: tiles.signer },
    warnings: [...log.warnings, ...tiles.warnings],
  };
}
