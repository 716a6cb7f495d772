import { createPublicKey } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ed25519JwkOf, jwkThumbprint } from "../../lib/protocol/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { fileProblem } from "../file-identity.ts";
import { identityPaths } from "../identity/identity.ts";
import { messageOf, Problem } from "../problems.ts";
import { guardText } from "../service/guard-text.ts";
import {
  exists,
  fileStep,
  findUser,
  giveTo,
  type Installation,
  inRoot,
  linkStep,
  onceStep,
  programName,
  runTool,
  unitName,
} from "../service/installation.ts";
import { type Step, takeSteps } from "../service/steps.ts";
import { type UnitSettings, unitText } from "../service/unit-text.ts";

/** What `install` is asked for. */
export type InstallSettings = {
  installation: Installation;
  /** This program, and its version. */
  program: string;
  version: string;
  node: string;
  /** Folders to watch. */
  folders: readonly string[];
  server: string | null;
  /** Link or code of an enrolment; null: already enrolled, or a token file. */
  enrol: string | null;
  tokenFile: string | null;
  /** Files of public keys that updates are signed with. */
  releaseKeys: readonly string[];
  /** The service may delete recordings that have their receipt. */
  mayDelete: boolean;
  /** Start it now and at each boot. */
  isStarted: boolean;
  isDryRun: boolean;
};

const launcher = "/usr/local/bin/strongroom-uploader";

/** Installs the uploader as a service of systemd. Again is the same, and brings a newer version of this program in. */
export async function install(settings: InstallSettings, write: (text: string) => void): Promise<number> {
  const { installation, isDryRun } = settings;
  const isImage = installation.root !== "";
  if (!isDryRun && !isImage && process.getuid?.() !== 0)
    throw new Problem("usage", "install changes this machine and needs root: run it with sudo, or see --dry-run.");
  if (!isImage && /^\/(home|root|tmp)\//.test(settings.node))
    throw new Problem(
      "usage",
      `Node lies in ${settings.node}, which a service cannot see. Install it for everybody (apt install nodejs), or name another one with --node.`,
    );
  for (const folder of settings.folders)
    if (/^\/(tmp|var\/tmp)(\/|$)/.test(folder))
      throw new Problem("usage", `${folder} is emptied at boot and hidden from services. Name another folder.`);
  if (settings.isStarted && !isImage && !(await knowsArchive(settings)))
    throw new Problem(
      "usage",
      "This device is not enrolled: give --enrol 'strongroom:enrol?…', or --server and --token-file, or --no-start to do that later.",
    );
  const { taken } = await takeSteps(await stepsOf(settings), isDryRun, write);
  if (isDryRun) write(`Nothing was changed; ${taken} of the steps above are to be taken.\n`);
  else if (isImage) write(`Installed below ${installation.root}.\n`);
  else write("Installed. strongroom-uploader status shows how it is, strongroom-uploader doctor what is wrong.\n");
  return exitCodes.ok;
}

/** Whether the service will know its archive; a settings file that is there already may say it. */
async function knowsArchive({ installation, enrol, tokenFile }: InstallSettings): Promise<boolean> {
  if (enrol !== null || tokenFile !== null) return true;
  return (await exists(identityPaths(installation.stateFolder).identity)) || exists(installation.configFile);
}

async function stepsOf(settings: InstallSettings): Promise<Step[]> {
  const { installation, version, program, folders, enrol, isStarted } = settings;
  const { user, folder, stateFolder, configFile } = installation;
  const here = (path: string) => inRoot(installation, path);
  const isImage = installation.root !== "";
  const { server, tokenFile } = settings;
  // The service has the token as a credential; what root asks, such as doctor, reads it where it lies.
  const config = {
    ...(server === null ? {} : { server }),
    ...(tokenFile === null ? {} : { tokenFile }),
    watch: [...folders],
  };
  const steps: Step[] = [
    {
      what: `make the user ${user}`,
      isDone: async () => (await findUser(user, installation.root)) !== null,
      act: async () => {
        // An image's list of users is its builder's own matter.
        if (isImage) return;
        await runTool("useradd", ["--system", "--home-dir", stateFolder, "--shell", "/usr/sbin/nologin", user]);
      },
    },
    fileStep(
      `put version ${version} into ${folder}/versions/${version}`,
      here(join(folder, "versions", version, programName)),
      await readFile(program),
      0o755,
    ),
    linkStep(`let ${folder}/current be version ${version}`, here(join(folder, "current")), `versions/${version}`),
    fileStep(
      `write ${folder}/guard.sh`,
      here(join(folder, "guard.sh")),
      guardText({ installFolder: folder, stateFolder, node: settings.node }),
      0o755,
    ),
    fileStep(`write ${launcher}`, here(launcher), launcherText(settings), 0o755),
    ...(await Promise.all(settings.releaseKeys.map((path) => releaseKeyStep(path, settings.installation)))),
    folderStep(`make the state folder ${stateFolder}`, here(stateFolder), installation),
    onceStep(`write ${configFile}`, here(configFile), `${JSON.stringify(config, null, 2)}\n`, 0o644),
  ];
  if (enrol !== null)
    steps.push({
      what: "enrol this device",
      isDone: () => exists(identityPaths(here(stateFolder)).identity),
      act: async () => {
        const owner = isImage ? null : await findUser(user);
        // Its own copy: the one that root runs may lie where that user cannot read.
        const words = [
          here(join(folder, "versions", version, programName)),
          "enrol",
          enrol,
          "--state-dir",
          here(stateFolder),
        ];
        await runTool(settings.node, words, owner ?? {});
      },
    });
  steps.push(
    fileStep(
      `write /etc/systemd/system/${unitName}`,
      here(`/etc/systemd/system/${unitName}`),
      unitFor(settings),
      0o644,
    ),
  );
  if (isStarted && !isImage)
    steps.push({
      what: "start the service, now and at each boot",
      isDone: async () => false,
      act: async () => {
        await runTool("systemctl", ["daemon-reload"]);
        await runTool("systemctl", ["enable", unitName]);
        await runTool("systemctl", ["restart", unitName]);
      },
    });
  return steps;
}

async function releaseKeyStep(path: string, installation: Installation): Promise<Step> {
  const pem = await readFile(path, "utf8").catch((error: unknown) => {
    throw fileProblem(path, error);
  });
  if (pem.includes("PRIVATE KEY"))
    throw new Problem("usage", `${path} is a private key, which no device must have. Give its public half.`);
  try {
    const kid = jwkThumbprint(ed25519JwkOf(createPublicKey(pem)));
    const target = join(installation.folder, "release-keys", `${kid}.pem`);
    return fileStep(`trust updates signed by ${kid}`, inRoot(installation, target), pem, 0o644);
  } catch (error) {
    throw new Problem("usage", `${path} is no public Ed25519 key: ${messageOf(error)}`);
  }
}

function unitFor({ installation, node, folders, mayDelete, tokenFile }: InstallSettings): string {
  const unit: UnitSettings = {
    node,
    installFolder: installation.folder,
    user: installation.user,
    configFile: installation.configFile,
    stateName: installation.stateFolder.replace(/^\/var\/lib\//, ""),
    writableFolders: mayDelete ? folders : [],
    isHomeShown: folders.some((folder) => /^\/(home|root|run\/user)(\/|$)/.test(folder)),
    tokenFile,
  };
  return unitText(unit);
}

function launcherText({ node, installation }: InstallSettings): string {
  const { folder, stateFolder } = installation;
  return `#!/bin/sh
STRONGROOM_STATE_DIR="\${STRONGROOM_STATE_DIR:-${stateFolder}}" exec ${node} ${folder}/current/${programName} "$@"
`;
}

function folderStep(what: string, path: string, installation: Installation): Step {
  const owner = () => findUser(installation.user, installation.root);
  return {
    what,
    isDone: async () => {
      const there = await stat(path).catch(() => null);
      const user = await owner();
      return there !== null && (user === null || process.getuid?.() !== 0 || there.uid === user.uid);
    },
    act: async () => {
      await mkdir(path, { recursive: true, mode: 0o700 });
      await giveTo(path, await owner(), 0o700);
    },
  };
}
