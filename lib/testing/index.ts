export { type ExpectedEvent, expectCustodyEvent } from "./expect-custody-event.ts";
export type { TestPerson } from "./factories/index.ts";
export * as factories from "./factories/index.ts";
export type { FakeClock } from "./fake-clock.ts";
export { databaseUrlOf } from "./test-database.ts";
export type { TestJobs } from "./test-jobs.ts";
export { localSignals } from "./test-signals.ts";
export type { TestWorld } from "./test-world.ts";
export { useTestDatabase } from "./use-test-database.ts";
