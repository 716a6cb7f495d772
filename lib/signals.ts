import pg from "pg";

const channel = "strongroom";
/** Pause before a lost connection is made again. */
const reconnectMs = 1_000;

/**
 * Short messages between the processes of one archive, over PostgreSQL's LISTEN and NOTIFY on one connection a
 * process. They only make things quick: one may be lost whenever a connection breaks, so whoever waits for one
 * also looks for itself from time to time.
 */
export interface Signals {
  /** Tells every process, this one too. Never throws. */
  send(text: string): void;
  /** Hears what any process tells. */
  listen(listener: (text: string) => void): void;
  close(): Promise<void>;
}

type SignalOptions = {
  /** Told of connections that break; they are made again. */
  onError: (error: unknown) => void;
};

class PgSignals implements Signals {
  readonly #databaseUrl: string;
  readonly #options: SignalOptions;
  readonly #listeners: ((text: string) => void)[] = [];
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(databaseUrl: string, options: SignalOptions) {
    this.#databaseUrl = databaseUrl;
    this.#options = options;
    void this.#connect();
  }

  send(text: string): void {
    // One after the other: the connection takes one statement at a time.
    this.#sending = this.#sending
      .then(() => this.#client?.query("SELECT pg_notify($1, $2)", [channel, text]))
      .catch((error: unknown) => this.#complain(error));
  }

  listen(listener: (text: string) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    // A connection that is lost already is closed enough.
    await this.#client?.end().catch(() => undefined);
  }

  #complain(error: unknown): void {
    // While we close, a connection that ends is no news.
    if (!this.#isClosed) this.#options.onError(error);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#databaseUrl,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      application_name: "strongroom-signals",
    });
    client.on("error", (error) => this.#complain(error));
    client.once("end", () => this.#reconnect(client));
    client.on("notification", ({ payload = "" }) => {
      for (const listener of this.#listeners) listener(payload);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
      this.#client = client;
      if (this.#isClosed) await client.end();
    } catch (error) {
      this.#complain(error);
      // It failed a moment ago, which was told; another connection is on its way.
      await client.end().catch(() => undefined);
      this.#reconnect(client);
    }
  }

  #reconnect(client: pg.Client): void {
    if (this.#client === client) this.#client = null;
    if (this.#isClosed || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#connect();
    }, reconnectMs);
    this.#timer.unref();
  }
}

/** Opens the signals of one process; connects in the background, and again whenever the connection breaks. */
export function openSignals(databaseUrl: string, options: SignalOptions): Signals {
  return new PgSignals(databaseUrl, options);
}

/** For work that is in no hurry: nothing is told and nothing heard. */
export const noSignals: Signals = { send: () => undefined, listen: () => undefined, close: async () => undefined };
