import type { Transaction } from "../context.ts";
import type { JobInputs, JobName, JobQueue } from "../jobs/index.ts";

/** A queue that nobody works: a test sees what was added and runs the job's own function when it wants to. */
export class TestJobs implements JobQueue {
  readonly added: { name: JobName; input: JobInputs[JobName] }[] = [];

  async add<N extends JobName>(_tx: Transaction, name: N, ...inputs: JobInputs[N][]): Promise<void> {
    this.added.push(...inputs.map((input) => ({ name, input })));
  }
}
