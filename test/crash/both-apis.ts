/**
 * Everything that a server with both APIs has promised, in one place: the ledger of each API, and readers that follow
 * the tiles of each log. It lives through all restarts of one server.
 */

import { Connection, ConnectionLost } from '../../bench/harness/connection.js';
import { pause, type ServerProcess } from '../../bench/harness/server-process.js';
import { type Audit, Ledger } from './ledger.js';
import { type FollowerCounts, TileFollower } from './tile-follower.js';
import { TileLogVerifier } from './tile-log.js';
import { V2Ledger } from './v2-ledger.js';
import { startWriters, type Writers } from './writers.js';

/** What an audit found; the members of `Audit` are of the v1 log. */
export interface BothAudit extends Audit {
  readonly v2Size: number;
  readonly v2Untold: number;
}

/** Time between two looks of a reader at a log under load. */
const LOOK_MS = 10;

export class BothApis {
  readonly v1 = new Ledger();
  readonly v2: V2Ledger;
  /** Reads the v1 log as tiles; where both APIs have one tree, that of the v2 ledger. */
  readonly v1Tiles: TileFollower;

  private constructor(v2: V2Ledger, v1Tiles: TileFollower) {
    this.v2 = v2;
    this.v1Tiles = v1Tiles;
  }

  /** Returns what is to be remembered of a server from now on; `witnesses` are those of its v2 log, by verifier key. */
  static async of(server: ServerProcess, witnesses: readonly string[] = []): Promise<BothApis> {
    const connection = await Connection.open(server.url);
    const v2 = await V2Ledger.of(connection, server, witnesses);
    const v1Tiles =
      server.v2.treeID === server.treeID
        ? v2.follower
        : new TileFollower(
            `/logs/${server.treeID}`,
            await TileLogVerifier.of(connection, server.origin),
          );
    connection.close();
    return new BothApis(v2, v1Tiles);
  }

  /** The followers, each once. */
  get followers(): readonly TileFollower[] {
    return [...new Set([this.v2.follower, this.v1Tiles])];
  }

  /** How many entries both APIs have acknowledged. */
  get acknowledged(): number {
    return this.v1.acknowledged + this.v2.acknowledged;
  }

  /** Starts writers, one half for each API. */
  startWriters(server: ServerProcess, count: number): Writers {
    return startWriters(server.url, count, this.v1, this.v2);
  }

  /** Follows all logs until the server is gone. */
  async followUntilLost(server: ServerProcess): Promise<void> {
    await Promise.all(
      this.followers.map(async (follower) => {
        try {
          const connection = await Connection.open(server.url);
          for (;;) {
            await follower.follow(connection);
            await pause(LOOK_MS);
          }
        } catch (error) {
          if (!(error instanceof ConnectionLost)) throw error;
        }
      }),
    );
  }

  /** Looks at a server that was started again, before anybody writes to it; see TileFollower.restarted. */
  async lookAgain(server: ServerProcess, how: 'clean' | 'killed'): Promise<void> {
    // What came before belongs to the server that is gone.
    this.v2.verifyAnswers();
    const connection = await Connection.open(server.url);
    for (const follower of this.followers) {
      follower.restarted(how);
      await follower.follow(connection);
    }
    connection.close();
  }

  /** Holds both logs to every promise since the last audit. Throws at the first broken one. */
  async audit(server: ServerProcess): Promise<BothAudit> {
    return await this.#audit(server, await this.v1.audit(server), 'audit');
  }

  /** The same from the first entries on. */
  async auditAll(server: ServerProcess): Promise<BothAudit> {
    return await this.#audit(server, await this.v1.auditAll(server), 'auditAll');
  }

  async #audit(server: ServerProcess, v1: Audit, which: 'audit' | 'auditAll'): Promise<BothAudit> {
    const connection = await Connection.open(server.url);
    const { size, untold } = await this.v2[which](connection);
    if (this.v1Tiles !== this.v2.follower) await this.v1Tiles.follow(connection);
    connection.close();
    // Rekor's side and the tile side of a log sign apart, but one tree.
    for (const each of this.v1.checkpoints()) this.v1Tiles.assertRoot(each.size, each.root);
    return { ...v1, v2Size: size, v2Untold: untold };
  }

  /** Returns the sum of what all followers have read. */
  counts(): FollowerCounts {
    const sum: FollowerCounts = {
      ...{ checkpoints: 0, tiles: 0, bundles: 0, kept: 0, signedAgain: 0, grown: 0 },
    };
    for (const { counts } of this.followers) {
      for (const name of Object.keys(sum) as (keyof FollowerCounts)[]) sum[name] += counts[name];
    }
    return sum;
  }
}
