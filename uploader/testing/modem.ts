import { execFileSync } from "node:child_process";

export type ModemOptions = {
  upBytesPerSecond: number;
  downBytesPerSecond: number;
  /** What it takes in before it sends it; a modem's own buffer. */
  bufferBytes: number;
};

/**
 * A network namespace with one interface that is as slow as a modem, in the kernel: what runs in it meets real socket
 * buffers, congestion control and retransmissions, and what left it is counted at the interface. Linux, as root.
 */
export class Modem {
  readonly #name: string;
  readonly #network: string;

  private constructor(number: number) {
    this.#name = `srm${number}`;
    // RFC 2544: for measurements, so that no network of this machine is in the way.
    this.#network = `198.18.${number % 256}`;
  }

  /** Makes one; the rest of the machine is its far end. @throws when that may not be done here */
  static open({ upBytesPerSecond, downBytesPerSecond, bufferBytes }: ModemOptions): Modem {
    const modem = new Modem(process.pid % 10_000);
    const [near, far] = [`${modem.#name}n`, `${modem.#name}f`];
    const shape = (rate: number) =>
      `root tbf rate ${Math.round(rate * 8)}bit burst 3000 limit ${bufferBytes}`.split(" ");
    ip("netns", "add", modem.#name);
    try {
      ip("link", "add", far, "type", "veth", "peer", "name", near, "netns", modem.#name);
      ip("address", "add", `${modem.host}/30`, "dev", far);
      ip("link", "set", far, "up");
      ip("-n", modem.#name, "address", "add", `${modem.#network}.2/30`, "dev", near);
      ip("-n", modem.#name, "link", "set", near, "up");
      run("tc", "-n", modem.#name, "qdisc", "add", "dev", near, ...shape(upBytesPerSecond));
      run("tc", "qdisc", "add", "dev", far, ...shape(downBytesPerSecond));
    } catch (error) {
      modem.close();
      throw error;
    }
    return modem;
  }

  /** The far end's address. */
  get host(): string {
    return `${this.#network}.1`;
  }

  /** What runs a Node behind the modem. */
  get node(): string[] {
    return ["ip", "netns", "exec", this.#name, process.execPath];
  }

  /** Bytes that left the interface, with all headers. */
  sentBytes(): number {
    const [link] = JSON.parse(ip("-n", this.#name, "-s", "-j", "link", "show", "dev", `${this.#name}n`));
    return link.stats64.tx.bytes;
  }

  close(): void {
    ip("netns", "delete", this.#name);
  }
}

function ip(...args: string[]): string {
  return run("ip", ...args);
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
