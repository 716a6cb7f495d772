export type { CustodyEventRow, CustodyFilter } from "../custody/index.ts";
