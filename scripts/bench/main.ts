// Measures the archive beside its peers in the same run. `npm run bench -- --help` says how.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Bench, type Form, openBench, type Result } from "./bench.ts";
import { downloads } from "./downloads.ts";
import { footage } from "./footage.ts";
import { halfOpen } from "./half-open.ts";
import { describeMachine } from "./machine.ts";
import { memory } from "./memory.ts";
import { sealing } from "./sealing.ts";
import { storm } from "./storm.ts";
import { takeOver } from "./take-over.ts";
import { throughput } from "./throughput.ts";
import { tinyFiles } from "./tiny-files.ts";

const parts: Record<string, (bench: Bench) => Promise<Result>> = {
  throughput,
  "half-open": halfOpen,
  "take-over": takeOver,
  storm,
  tiny: tinyFiles,
  footage,
  memory,
  sealing,
  downloads,
};

const help = `Measures the archive beside plain @tus/server with FileStore, nginx and tusd, where the machine has them.
Ratios count; absolute figures belong to the machine.

  npm run bench                        everything, in short: two or three minutes
  npm run bench ingest                 everything about taking in and giving out bytes: about eight minutes
  npm run bench ingest -- --long       the same with files of 10 GiB, 10,000 tiny files and more rounds
  npm run bench ingest -- --only storm,tiny
                                       some parts: ${Object.keys(parts).join(", ")}
  npm run bench uploader -- --help     the uploader: memory, processor time, bad links, restart, a fleet
  --json FILE                          writes every figure there too`;

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h" },
      long: { type: "boolean" },
      only: { type: "string" },
      json: { type: "string" },
    },
  });
  const wanted = values.only?.split(",") ?? Object.keys(parts);
  const unknown = [...positionals.filter((name) => name !== "ingest"), ...wanted.filter((name) => !(name in parts))];
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(", ")}.`);
  const form: Form = values.long === true ? "long" : positionals.includes("ingest") ? "standard" : "short";
  return { isHelp: values.help === true, form, wanted, jsonFile: values.json ?? null };
}

async function run({ form, wanted, jsonFile }: ReturnType<typeof readArguments>): Promise<void> {
  const startedAt = performance.now();
  const bench = await openBench(form);
  const results: Result[] = [];
  try {
    const machine = describeMachine(bench.dataDir);
    console.log(JSON.stringify(machine));
    for (const name of wanted) {
      const result = await parts[name]?.(bench);
      if (result === undefined) continue;
      results.push(result);
      console.log(`\n${result.title}`);
      console.table(result.rows);
    }
    const after = describeMachine(bench.dataDir).load;
    console.log(
      `${((performance.now() - startedAt) / 1000).toFixed(0)} s; load ${machine.load} before, ${after} after`,
    );
    if (jsonFile !== null)
      writeFileSync(jsonFile, `${JSON.stringify({ form, machine, loadAfter: after, results }, null, 2)}\n`);
  } finally {
    await bench.close();
  }
}

try {
  const options = readArguments();
  if (options.isHelp) console.log(help);
  else await run(options);
} catch (error) {
  if (!(error instanceof Error) || !/^(Unknown|Option)/.test(error.message)) throw error;
  console.error(`${error.message}\n\n${help}`);
  process.exitCode = 2;
}
