import { basename, relative } from "node:path";
import type { DeviceSettings, FileClass } from "../../lib/protocol/index.ts";
import type { CaptureHints } from "../sidecars/index.ts";

/** What makes a recording an event: a word of its recorder, a tag, or its place below the watched folder. */
export class Classifier {
  readonly #folders: readonly string[];
  #tags: ReadonlySet<string> = new Set();
  #names: RegExp[] = [];

  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** Takes over settings. */
  set({ tags, names }: DeviceSettings["events"]): void {
    this.#tags = new Set(tags);
    this.#names = names.map(globPattern);
  }

  /** How urgent a file is by itself. */
  classOf(path: string, { isEvent, tags }: Pick<CaptureHints, "isEvent" | "tags">): FileClass {
    if (isEvent || tags.some((tag) => this.#tags.has(tag))) return "event";
    const folder = this.#folders.find((one) => path.startsWith(`${one}/`));
    const name = folder === undefined ? basename(path) : relative(folder, path);
    return this.#names.some((pattern) => pattern.test(name)) ? "event" : "bulk";
  }
}

/** A glob as a pattern: `*` within a name, `**` over folders, `?` one character. Without a slash it is any file's name. */
function globPattern(glob: string): RegExp {
  const anywhere = glob.includes("/") ? "" : "(?:.*/)?";
  const body = glob.replaceAll(/\*\*\/?|\*|\?|[.+^${}()|[\]\\]/g, (token) => {
    if (token.startsWith("**")) return token.endsWith("/") ? "(?:.*/)?" : ".*";
    if (token === "*") return "[^/]*";
    return token === "?" ? "[^/]" : `\\${token}`;
  });
  return new RegExp(`^${anywhere}${body}$`, "u");
}
