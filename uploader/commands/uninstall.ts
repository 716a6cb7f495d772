import { join } from "node:path";
import { readSnapshot } from "../daemon-snapshot.ts";
import { exitCodes } from "../exit-codes.ts";
import { Problem } from "../problems.ts";
import { flagsOverride } from "../service/guard-text.ts";
import { exists, findUser, type Installation, inRoot, removeStep, runTool, unitName } from "../service/installation.ts";
import { type Step, takeSteps } from "../service/steps.ts";

/** What `uninstall` is asked for. */
export type UninstallSettings = {
  installation: Installation;
  /** Leave the state folder and the settings: identity, receipts, queue. */
  keepsState: boolean;
  isForced: boolean;
  isDryRun: boolean;
};

/** Takes the service off this machine. Recordings are never touched. */
export async function uninstall(settings: UninstallSettings, write: (text: string) => void): Promise<number> {
  const { installation, keepsState, isForced, isDryRun } = settings;
  const isImage = installation.root !== "";
  if (!isDryRun && !isImage && process.getuid?.() !== 0)
    throw new Problem("usage", "uninstall changes this machine and needs root: run it with sudo, or see --dry-run.");
  const waiting = await countWaiting(inRoot(installation, installation.stateFolder));
  if (!keepsState && !isForced && !isDryRun && waiting > 0)
    throw new Problem(
      "busy",
      `${waiting} recordings have no receipt yet. With --keep-state their state, this device's key and the receipts stay; --force removes all that.`,
    );
  const { taken } = await takeSteps(stepsOf(settings), isDryRun, write);
  if (isDryRun) write(`Nothing was changed; ${taken} of the steps above are to be taken.\n`);
  else write(`Uninstalled. Recordings were left where they are${keepsState ? ", and so was the state folder" : ""}.\n`);
  return exitCodes.ok;
}

function stepsOf({ installation, keepsState }: UninstallSettings): Step[] {
  const { user, folder, stateFolder, configFile } = installation;
  const here = (path: string) => inRoot(installation, path);
  const isImage = installation.root !== "";
  const unit = here(`/etc/systemd/system/${unitName}`);
  const stop: Step = {
    what: "stop the service, and do not start it again",
    isDone: async () => !(await exists(unit)),
    act: async () => {
      await runTool("systemctl", ["disable", "--now", unitName]);
    },
  };
  const removal = [
    removeStep(`remove /etc/systemd/system/${unitName}`, unit),
    ...(isImage ? [] : [removeStep("remove what the guard overrides", flagsOverride())]),
    removeStep("remove /usr/local/bin/strongroom-uploader", here("/usr/local/bin/strongroom-uploader")),
    ...["versions", "current", "previous", "guard.sh", "release-keys", "pending", "starts"].map((name) =>
      removeStep(`remove ${folder}/${name}`, here(join(folder, name))),
    ),
  ];
  const state = [
    removeStep(`remove ${configFile}`, here(configFile)),
    removeStep(`remove ${stateFolder}, with this device's key and receipts`, here(stateFolder)),
  ];
  const account: Step = {
    what: `remove the user ${user}`,
    isDone: async () => (await findUser(user)) === null,
    act: async () => {
      await runTool("userdel", [user]);
    },
  };
  return [
    ...(isImage ? [] : [stop]),
    ...removal,
    ...(keepsState ? [] : state),
    ...(isImage || keepsState ? [] : [account]),
  ];
}

async function countWaiting(stateFolder: string): Promise<number> {
  const snapshot = await readSnapshot(stateFolder);
  if (snapshot === null) return 0;
  return Object.values(snapshot.queue)
    .flatMap((phases) => Object.values(phases))
    .reduce((sum, { files }) => sum + files, 0);
}
