/** How a check ended. `skip`: it makes no sense here, or needs one that failed. */
export type CheckState = "pass" | "warn" | "fail" | "skip";

/** What a check found. */
export type Finding = {
  state: CheckState;
  /** What is so. */
  detail: string;
  /** What to do about it; null: nothing. */
  todo: string | null;
};

/** One link of the chain from this device to the archive. */
export type Check = {
  name: string;
  /** Names of checks that must not have failed for this one to tell anything. */
  needs?: readonly string[];
  look: () => Promise<Finding>;
};

export const pass = (detail: string): Finding => ({ state: "pass", detail, todo: null });
export const skip = (detail: string): Finding => ({ state: "skip", detail, todo: null });
export const warn = (detail: string, todo: string): Finding => ({ state: "warn", detail, todo });
export const fail = (detail: string, todo: string): Finding => ({ state: "fail", detail, todo });

/** Looks at everything in order. What throws has failed; what needs something that failed is passed over. */
export async function lookAtAll(
  checks: readonly Check[],
  told: (name: string, finding: Finding) => void,
): Promise<Map<string, Finding>> {
  const found = new Map<string, Finding>();
  for (const { name, needs = [], look } of checks) {
    const missing = needs.filter((need) => {
      const state = found.get(need);
      return state?.state === "fail" || (state?.state === "skip" && state.detail.startsWith("needs "));
    });
    const finding =
      missing.length > 0
        ? skip(`needs ${missing.join(" and ")}`)
        : await look().catch((error: unknown) =>
            fail(error instanceof Error ? error.message : String(error), "Mend what it says, and run doctor again."),
          );
    found.set(name, finding);
    told(name, finding);
  }
  return found;
}
