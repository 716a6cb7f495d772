/** What differs from one installation to the next. */
export type UnitSettings = {
  /** Path of Node. */
  node: string;
  /** Where versions are installed. */
  installFolder: string;
  user: string;
  configFile: string;
  /** Name of the state folder below /var/lib. */
  stateName: string;
  /** Folders whose files may be deleted after their receipt. */
  writableFolders: readonly string[];
  /** A watched folder lies in somebody's home. */
  isHomeShown: boolean;
  /** File of a plain device token; null: the device is enrolled. */
  tokenFile: string | null;
};

/** What `install` uses unless it is told otherwise, and what packaging/strongroom-uploader.service shows. */
export const defaultUnit: UnitSettings = {
  node: "/usr/bin/node",
  installFolder: "/opt/strongroom",
  user: "strongroom",
  configFile: "/etc/strongroom/uploader.json",
  stateName: "strongroom-uploader",
  writableFolders: [],
  isHomeShown: false,
  tokenFile: null,
};

/**
 * What keeps the daemon's memory small: no compiler, whose work pays nowhere here, as bytes are hashed and sent by
 * native code; little garbage between collections.
 */
export const serviceNodeFlags = ["--jitless", "--no-expose-wasm", "--optimize-for-size", "--max-semi-space-size=1"];

/** The same for memory outside the heap: one pool for all threads, and what is free goes back to the system. */
export const serviceEnvironment = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_TRIM_THRESHOLD_: "65536",
  MALLOC_MMAP_THRESHOLD_: "65536",
};

/** The systemd unit of the daemon. */
export function unitText(unit: UnitSettings): string {
  const { node, installFolder, user, configFile, stateName, writableFolders, isHomeShown, tokenFile } = unit;
  const token = tokenFile === null ? "" : " --token-file %d/token";
  return `[Unit]
Description=Strongroom uploader
Wants=network-online.target
After=network-online.target time-sync.target
StartLimitIntervalSec=0

[Service]
Type=notify
# Node cannot speak to systemd itself; its helper systemd-notify does.
NotifyAccess=all
# Takes back an update that does not start, and drops flags that this Node does not know; does nothing else.
ExecStartPre=-+/bin/sh ${installFolder}/guard.sh
ExecStart=${node} $NODE_FLAGS ${installFolder}/current/strongroom-uploader.mjs run --config ${configFile} --json${token}
${tokenFile === null ? "" : `LoadCredential=token:${tokenFile}\n`}User=${user}
StateDirectory=${stateName}
StateDirectoryMode=0700
${writableFolders.length === 0 ? "" : `ReadWritePaths=${writableFolders.join(" ")}\n`}Restart=always
RestartSec=5
# A wrong setting does not mend itself.
RestartPreventExitStatus=2
TimeoutStartSec=120
TimeoutStopSec=60
# Fed while the main loop and the queue move.
WatchdogSec=180
# Keeps the memory small.
Environment="NODE_FLAGS=${serviceNodeFlags.join(" ")}"
Environment=${Object.entries(serviceEnvironment)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ")}
MemoryMax=256M
TasksMax=64
Nice=10
IOSchedulingClass=idle

NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=${isHomeShown ? "read-only" : "yes"}
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
# Possible because Node runs without its compiler.
MemoryDenyWriteExecute=yes
CapabilityBoundingSet=
AmbientCapabilities=
SystemCallArchitectures=native
SystemCallFilter=@system-service @pkey
SystemCallFilter=~@privileged @resources
# What Node and ffmpeg merely try (io_uring, priorities) is refused, and they go on; being killed for it helps nobody.
SystemCallErrorNumber=EPERM
UMask=0077

[Install]
WantedBy=multi-user.target
`;
}
