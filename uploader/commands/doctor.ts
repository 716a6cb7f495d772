import { type Check, type Finding, lookAtAll } from "../doctor/check.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Output } from "../report/reporters.ts";

const signs: Record<Finding["state"], [sign: string, colour: number]> = {
  pass: ["ok   ", 32],
  warn: ["warn ", 33],
  fail: ["FAIL ", 31],
  skip: ["-    ", 90],
};

/**
 * Looks at every link of the chain from this device to the archive, and says what is wrong and what to do.
 *
 * @returns exit code: "failed" when a check failed, else ok
 */
export async function doctor(checks: readonly Check[], isJson: boolean, output: Output): Promise<number> {
  const found = await lookAtAll(checks, (name, { state, detail, todo }) => {
    if (isJson) return;
    const [sign, colour] = signs[state];
    const shown = output.hasColour ? `\u001b[${colour}m${sign}\u001b[39m` : sign;
    output.write(`${shown} ${name}: ${detail.replace(/\.$/, "")}.\n${todo === null ? "" : `      ${todo}\n`}`);
  });
  const isHealthy = [...found.values()].every(({ state }) => state !== "fail");
  if (isJson)
    output.write(
      `${JSON.stringify({ isHealthy, checks: [...found].map(([name, finding]) => ({ name, ...finding })) })}\n`,
    );
  else
    output.write(
      isHealthy ? "Everything that was looked at works.\n" : "Something is wrong; mend the first that failed.\n",
    );
  return isHealthy ? exitCodes.ok : exitCodes.failed;
}
