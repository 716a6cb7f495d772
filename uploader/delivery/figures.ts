import type { Problem } from "../problems.ts";

/** What was done since this process began, for status, heartbeats and metrics. */
export class Figures {
  sentBytes = 0;
  /** Of those, what had gone out before. */
  resentBytes = 0;
  /** By cause. */
  readonly retries: Record<string, number> = {};
  stalls = 0;
  resumes = 0;
  tombstones = 0;
  deleted = 0;
  lastReceipt: { recording: string; file: string; at: string } | null = null;
  lastError: { code: string; message: string; at: string } | null = null;

  /** Something failed and will be tried again, or not. */
  failed(problem: Problem): void {
    const cause = problem.code ?? problem.reason ?? problem.kind;
    // Codes come from the archive: a strange one must not make this grow.
    const name = Object.keys(this.retries).length < 30 || cause in this.retries ? cause : "other";
    this.retries[name] = (this.retries[name] ?? 0) + 1;
    if (/nothing moved|bytes a second/.test(problem.message)) this.stalls += 1;
    this.lastError = { code: cause, message: problem.message, at: new Date().toISOString() };
  }
}
