// Puts a bad link before a server on this machine, to see with one's own eyes what an uploader does on it:
//   node scripts/bad-link.ts lte-edge http://127.0.0.1:3000 --port 3001
import { parseArgs } from "node:util";
import { BadLink } from "../uploader/testing/bad-link.ts";
import { type LinkProfile, type LinkProfileName, linkProfiles } from "../uploader/testing/link-profiles.ts";

const usage = `Usage: node scripts/bad-link.ts PROFILE URL [--port N] [--seed N] [--time-scale X]

Opens a bad link to a server on this machine and says every second what passed. Profiles:
${Object.entries<LinkProfile>(linkProfiles)
  .map(([name, profile]) => `  ${name.padEnd(12)} ${JSON.stringify(profile)}`)
  .join("\n")}
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    "time-scale": { type: "string", default: "1" },
    help: { type: "boolean" },
  },
});
const [profile = "", address = ""] = positionals;
if (values.help === true || !isProfile(profile) || !URL.canParse(address)) {
  process.stdout.write(usage);
  process.exit(values.help === true ? 0 : 2);
}
const link = await BadLink.open({
  profile,
  target: Number(new URL(address).port || 80),
  port: Number(values.port),
  seed: Number(values.seed),
  timeScale: Number(values["time-scale"]),
});
process.stdout.write(`${link.url} leads to ${address} over ${profile}. Ctrl-C ends it.\n`);
let before = "";
setInterval(() => {
  const { up, down } = link.passed;
  const { accepted, cut } = link.connections;
  const now = `${up} bytes up, ${down} down, ${accepted} connections, ${cut} of them cut`;
  if (now !== before) process.stdout.write(`${now}\n`);
  before = now;
}, 1000);

function isProfile(name: string): name is LinkProfileName {
  return Object.hasOwn(linkProfiles, name);
}
