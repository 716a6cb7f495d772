import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { actAsOwner } from "../act-as-owner.ts";
import { readCommandLine } from "../config.ts";
import { fieldCommands } from "../field-options.ts";
import { commands } from "../options.ts";
import { Interrupted } from "../problems.ts";
import { guardText } from "./guard-text.ts";
import { Liveness } from "./liveness.ts";
import { ServiceNotifier, serviceEnvironmentOf } from "./service-notifier.ts";
import { defaultUnit, serviceNodeFlags, unitText } from "./unit-text.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "service-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Whether this machine has a program. */
function has(program: string): boolean {
  return spawnSync(program, ["--version"]).error === undefined;
}

describe("the unit", () => {
  const shipped = join(import.meta.dirname, "../../packaging/strongroom-uploader.service");

  it("in packaging/ is the one that install writes", () => {
    expect(readFileSync(shipped, "utf8")).toBe(unitText(defaultUnit));
  });

  const lacking = has("systemd-analyze") ? "" : " (skipped: no systemd-analyze here)";
  it.skipIf(lacking !== "")(`is hardened to an exposure of 1.5 or lower${lacking}`, () => {
    for (const change of [
      {},
      { writableFolders: ["/var/lib/recorder"], isHomeShown: true, tokenFile: "/etc/strongroom/token" },
    ]) {
      const unit = join(folder, "strongroom-uploader.service");
      writeFileSync(unit, unitText({ ...defaultUnit, ...change }));
      const said = execFileSync("systemd-analyze", ["security", "--offline=yes", "--no-pager", unit], {
        encoding: "utf8",
      });
      const exposure = Number(/exposure level for \S+: ([\d.]+)/.exec(said)?.[1]);
      expect(exposure).toBeGreaterThan(0);
      expect(exposure).toBeLessThanOrEqual(1.5);
    }
  });

  const untraced = spawnSync("strace", ["-V"]).error === undefined ? "" : " (skipped: no strace here)";
  it.skipIf(untraced !== "")(`starts a Node that needs no memory that is written and executed${untraced}`, () => {
    const trace = join(folder, "calls");
    const script = join(folder, "works.mjs");
    writeFileSync(
      script,
      `import "node:https"; let sum = 0; for (let i = 0; i < 1e5; i++) sum += i; console.log(sum);`,
    );
    const calls = ["-f", "-e", "trace=mmap,mprotect,pkey_mprotect", "-o", trace];
    const said = spawnSync("strace", [...calls, process.execPath, ...serviceNodeFlags, script], { encoding: "utf8" });
    expect(said).toMatchObject({ stdout: "4999950000\n", stderr: "", status: 0 });
    // systemd.exec(5): mmap with both, or mprotect that makes executable, is refused.
    const refused = readFileSync(trace, "utf8").match(/.*(PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC).*/g);
    expect(refused).toBeNull();
    expect(unitText(defaultUnit)).toContain("MemoryDenyWriteExecute=yes\n");
  });

  it("refuses system calls and kills for none: each Node tries others, and does without them", () => {
    expect(unitText(defaultUnit)).toMatch(/^SystemCallFilter=@system-service @pkey$/m);
    expect(unitText(defaultUnit)).toMatch(/^SystemCallErrorNumber=EPERM$/m);
  });

  it("gives the token as a credential", () => {
    const text = unitText({ ...defaultUnit, tokenFile: "/etc/strongroom/token" });
    expect(text).toContain("LoadCredential=token:/etc/strongroom/token\n");
    expect(text).toContain("--token-file %d/token\n");
  });
});

describe("acting as the owner of the state folder", () => {
  const lacking = process.getuid?.() !== 0 ? "only root does this" : has("setpriv") ? "" : "no setpriv here";
  it.skipIf(lacking !== "")(
    `works where Node refuses to change its user${lacking && ` (skipped: ${lacking})`}`,
    async () => {
      chownSync(folder, 4711, 4712);
      const refuse = () => {
        throw Object.assign(new Error("setgroups() disabled: io_uring may be enabled."), { code: "ERR_INVALID_STATE" });
      };
      const check = "process.exit(process.getuid() === 4711 && process.getgroups().join() === '4712' ? 42 : 1)";
      expect(await actAsOwner(folder, refuse, [process.execPath, "-e", check])).toBe(42);
      const other = () => {
        throw new Error("EPERM");
      };
      await expect(actAsOwner(folder, other, [])).rejects.toThrow("EPERM");
    },
  );
});

describe("the image", () => {
  const text = readFileSync(join(import.meta.dirname, "../../packaging/Dockerfile"), "utf8");
  const lineOf = (word: string) => new RegExp(`^\\s*${word} (.*)$`, "m").exec(text)?.[1] ?? "";

  it("starts the program that it copies, as a user of its own, with its state in the one volume", () => {
    const [program = ""] = /\S+$/.exec(lineOf("COPY")) ?? [];
    expect(JSON.parse(lineOf("ENTRYPOINT"))).toEqual(["node", ...serviceNodeFlags, program]);
    expect(lineOf("CMD node")).toMatch(new RegExp(`^${program} status `));
    expect(lineOf("USER")).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(JSON.parse(lineOf("VOLUME"))).toEqual([/STRONGROOM_STATE_DIR=(\S+)/.exec(text)?.[1]]);
  });

  it("runs and is looked at by commands that there are", () => {
    const start: string[] = JSON.parse(lineOf("CMD(?= \\[)"));
    expect(start.shift()).toBe("run");
    expect(readCommandLine(commands.run, start, {}).flags).toEqual({ watch: ["/recordings"], json: true });
    const check = / status (.*?) >/.exec(lineOf("CMD node"))?.[1]?.split(" ") ?? [];
    expect(readCommandLine(fieldCommands.status, check, {}).flags).toMatchObject({ check: true, running: true });
  });
});

describe("ServiceNotifier", () => {
  it("reads systemd's environment, and minds whose watchdog it is", () => {
    expect(serviceEnvironmentOf({}, 7)).toEqual({ socket: null, watchdogMs: null });
    const given = { NOTIFY_SOCKET: "/run/n", WATCHDOG_USEC: "3000000" };
    expect(serviceEnvironmentOf(given, 7)).toEqual({ socket: "/run/n", watchdogMs: 3000 });
    expect(serviceEnvironmentOf({ ...given, WATCHDOG_PID: "8" }, 7).watchdogMs).toBeNull();
    expect(serviceEnvironmentOf({ ...given, WATCHDOG_USEC: "soon" }, 7).watchdogMs).toBeNull();
  });

  it("feeds the watchdog while every part moves, and not when one stands still", async () => {
    const clock = { ms: 0 };
    const liveness = new Liveness({ folders: 1000, queue: 5000 }, () => clock.ms);
    const stop = new AbortController();
    const told: string[][] = [];
    const notifier = new ServiceNotifier({ socket: "/run/n", watchdogMs: 300 }, async (args) => {
      told.push(args);
      if (told.length === 1) clock.ms = 1001;
      if (told.length === 2) liveness.beat("folders");
      if (told.length === 3) stop.abort(new Interrupted());
    });
    await notifier.watch(liveness, () => "sending", stop.signal);
    expect(told).toEqual([
      ["WATCHDOG=1", "--status=sending"],
      ["--status=Stands still: folders"],
      ["WATCHDOG=1", "--status=sending"],
    ]);
  });

  it("does nothing without systemd, and survives a helper that is not there", async () => {
    const told: string[][] = [];
    const alone = new ServiceNotifier({ socket: null, watchdogMs: null }, async (args) => void told.push(args));
    await alone.ready("");
    await alone.watch(new Liveness({}), () => "", new AbortController().signal);
    expect(told).toEqual([]);
    const broken = new ServiceNotifier({ socket: "/run/n", watchdogMs: null }, () =>
      Promise.reject(new Error("ENOENT")),
    );
    await broken.stopping();
  });

  const lacking = ["systemd-notify", "python3"].filter((program) => !has(program)).join(", ");
  it.skipIf(lacking !== "")(`speaks so that systemd hears it (lacking here: ${lacking || "none"})`, async () => {
    const socket = join(folder, "notify");
    const listener = spawn("python3", ["-c", listenerText, socket], { stdio: ["ignore", "pipe", "inherit"] });
    const closed = once(listener, "close");
    let heard = "";
    listener.stdout.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
    });
    await once(listener.stdout, "data");
    const before = process.env.NOTIFY_SOCKET;
    process.env.NOTIFY_SOCKET = socket;
    const notifier = new ServiceNotifier(serviceEnvironmentOf({ NOTIFY_SOCKET: socket }, process.pid));
    await notifier.ready("Looking at the folders");
    await notifier.stopping();
    if (before === undefined) delete process.env.NOTIFY_SOCKET;
    else process.env.NOTIFY_SOCKET = before;
    await closed;
    expect(heard).toContain("READY=1");
    expect(heard).toContain("STATUS=Looking at the folders");
    expect(heard).toContain("STOPPING=1");
  });
});

/** Prints what comes until it is told that the service stops. */
const listenerText = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(20)
print("listening", flush=True)
heard = ""
while "STOPPING=1" not in heard:
    heard = s.recv(4096).decode()
    print(heard, flush=True)
`;

describe("the guard", () => {
  const state = () => join(folder, "state");
  const install = () => join(folder, "install");
  const current = () => readlinkSync(join(install(), "current"));

  beforeEach(() => {
    for (const version of ["1.0.0", "2.0.0"]) {
      mkdirSync(join(install(), "versions", version), { recursive: true });
      writeFileSync(join(install(), "versions", version, "strongroom-uploader.mjs"), version);
    }
    mkdirSync(state());
    symlinkSync("versions/2.0.0", join(install(), "current"));
    exchangeNode(serviceNodeFlags);
    put("systemctl", `echo "$1" >> '${join(folder, "told")}'`);
    const at = { installFolder: install(), stateFolder: state(), node: join(folder, "node"), runFolder: folder };
    writeFileSync(join(install(), "guard.sh"), guardText(at));
    chmodSync(join(install(), "guard.sh"), 0o755);
  });
  const start = () =>
    spawnSync("/bin/sh", [join(install(), "guard.sh")], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
    });

  /** Puts a program into the PATH of the guard. */
  function put(name: string, text: string) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  /** Puts a Node in place that takes these flags and no other. */
  function exchangeNode(taken: readonly string[]) {
    put("node", `for flag; do case " ${taken.join(" ")} --version " in *" $flag "*) ;; *) exit 9 ;; esac; done`);
  }
  const overridden = () => {
    const path = join(folder, "systemd/system/strongroom-uploader.service.d/50-node.conf");
    return existsSync(path) ? readFileSync(path, "utf8") : null;
  };
  const told = () => (existsSync(join(folder, "told")) ? readFileSync(join(folder, "told"), "utf8") : "");

  it("leaves out what another Node does not know, and nothing once it knows it again", () => {
    start();
    expect([overridden(), told()]).toEqual([null, ""]);
    // As Node 24 does.
    exchangeNode(serviceNodeFlags.filter((flag) => flag !== "--no-expose-wasm"));
    expect(start().stderr).toContain("started with: --jitless --optimize-for-size --max-semi-space-size=1\n");
    const shorter = "[Service]\nEnvironment='NODE_FLAGS=--jitless --optimize-for-size --max-semi-space-size=1'\n";
    expect([overridden(), told()]).toEqual([shorter, "daemon-reload\n"]);
    expect(start()).toMatchObject({ status: 0, stderr: "" });
    expect(told()).toBe("daemon-reload\n");
    exchangeNode(serviceNodeFlags);
    expect(start()).toMatchObject({ status: 0, stderr: "" });
    expect([overridden(), told()]).toEqual([null, "daemon-reload\ndaemon-reload\n"]);
  });

  it("lets a Node write and execute memory that must", () => {
    exchangeNode(["--optimize-for-size"]);
    start();
    expect(overridden()).toBe("[Service]\nEnvironment='NODE_FLAGS=--optimize-for-size'\nMemoryDenyWriteExecute=no\n");
    exchangeNode([]);
    start();
    expect(overridden()).toBe("[Service]\nEnvironment='NODE_FLAGS='\nMemoryDenyWriteExecute=no\n");
  });

  it("does nothing when no update is on trial", () => {
    expect(start()).toMatchObject({ status: 0, stderr: "" });
    expect(current()).toBe("versions/2.0.0");
    expect(existsSync(join(install(), "starts"))).toBe(false);
  });

  it("takes a version back that was started five times and never reached the archive", () => {
    writeFileSync(join(install(), "pending"), "1.0.0 2.0.0\n");
    writeFileSync(join(state(), "contact-version"), "1.0.0\n");
    for (let starts = 0; starts < 5; starts++) start();
    expect(current()).toBe("versions/2.0.0");
    expect(start().stderr).toContain("2.0.0 never reached the archive; 1.0.0 is back");
    expect(current()).toBe("versions/1.0.0");
    expect(existsSync(join(install(), "pending"))).toBe(false);
    expect(start()).toMatchObject({ status: 0, stderr: "" });
  });

  it("ends the trial once the new version has reached the archive", () => {
    writeFileSync(join(install(), "pending"), "1.0.0 2.0.0\n");
    start();
    writeFileSync(join(state(), "contact-version"), "2.0.0\n");
    for (let starts = 0; starts < 10; starts++) start();
    expect(current()).toBe("versions/2.0.0");
    expect(existsSync(join(install(), "pending"))).toBe(false);
    expect(existsSync(join(install(), "starts"))).toBe(false);
  });

  it("does not point to a version that is not there, whatever the files say", () => {
    writeFileSync(join(install(), "pending"), "0.9.0 2.0.0\n");
    writeFileSync(join(install(), "starts"), "nonsense\n");
    for (let starts = 0; starts < 10; starts++) expect(start().status).toBe(0);
    expect(current()).toBe("versions/2.0.0");
  });
});
