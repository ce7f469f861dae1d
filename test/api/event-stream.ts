/** Server-sent events, read as a client would. */

import { request } from 'node:http';
import type { TestContext } from 'node:test';

/** One event; what has no name, such as a comment, is left out. */
export interface StreamedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a subscription is asked for with. */
export interface StreamRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A subscription that is open. */
export class EventStream {
  readonly status: number;
  /** All that came, as it came. */
  text = '';
  #read = 0;
  #isOver = false;
  #wake: () => void = () => {};
  readonly #hangUp: () => void;

  private constructor(status: number, hangUp: () => void) {
    this.status = status;
    this.#hangUp = hangUp;
  }

  /** Opens a subscription; it ends with the test. */
  static open(
    t: TestContext,
    url: string,
    { method = 'GET', headers = {}, body }: StreamRequest = {},
  ): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const outgoing = request(
        url,
        { method, agent: false, headers: { ...type, ...headers } },
        (response) => {
          const stream = new EventStream(response.statusCode ?? 0, () => outgoing.destroy());
          response.setEncoding('utf8');
          response.on('data', (piece: string) => {
            stream.text += piece;
            stream.#wake();
          });
          response.on('error', () => {});
          response.on('close', () => {
            stream.#isOver = true;
            stream.#wake();
          });
          resolve(stream);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
      t.after(() => outgoing.destroy());
    });
  }

  /** Resolves to the next event, to undefined when the stream is over. */
  async next(): Promise<StreamedEvent | undefined> {
    for (;;) {
      const end = this.text.indexOf('\n\n', this.#read);
      if (end >= 0) {
        const block = this.text.slice(this.#read, end);
        this.#read = end + 2;
        const event = eventIn(block);
        if (event !== undefined) return event;
      } else if (this.#isOver) {
        return undefined;
      } else {
        await this.#more();
      }
    }
  }

  /** Resolves to the next event that tells of an entry. */
  async nextEntry(): Promise<StreamedEvent | undefined> {
    let event = await this.next();
    while (event?.event === 'position') event = await this.next();
    return event;
  }

  /** Resolves when this text has come. */
  async hears(text: string): Promise<void> {
    while (!this.text.includes(text) && !this.#isOver) await this.#more();
  }

  /** Resolves when the stream is over. */
  async over(): Promise<void> {
    while (!this.#isOver) await this.#more();
  }

  close(): void {
    this.#hangUp();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function eventIn(block: string): StreamedEvent | undefined {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    }),
  );
  const event = fields.get('event');
  if (event === undefined) return undefined;
  return { id: fields.get('id') ?? '', event, data: JSON.parse(fields.get('data') ?? 'null') };
}
