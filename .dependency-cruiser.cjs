// Import directions of docs/architecture.md as rules. TypeScript 7 has no JavaScript interface, so swc parses.
const prisma = "^generated/prisma|^node_modules/@prisma/";
const tests =
  "\\.test\\.tsx?$|^e2e/|^(bin|lib|prisma|server|uploader)/testing/|^scripts/(torture|bench/uploader)/|^lib/storage/conformance\\.ts$|^vitest\\.config|^playwright\\.config";

// From the ground up: a domain may import those before it, never those after it.
const domains = [
  "protocol",
  "storage",
  "jobs",
  "custody",
  "people",
  "keys",
  "custody-log",
  "settings",
  "devices",
  "fleet",
  "recordings",
  "uploads",
  "receipts",
  "access",
  "check",
];

const oneDirection = domains.slice(0, -1).map((domain, index) => ({
  name: `${domain}-is-below`,
  comment: `lib/${domain} is below ${domains.slice(index + 1).join(", ")}: two that need each other lack a third word.`,
  severity: "error",
  from: { path: `^lib/${domain}/`, pathNot: tests },
  to: { path: `^lib/(${domains.slice(index + 1).join("|")})/` },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...oneDirection,
    {
      name: "lib-knows-no-framework",
      comment: "The same verbs serve the web, the command line, jobs and tests.",
      severity: "error",
      from: { path: "^lib/" },
      to: { path: "^(app|components)/|^node_modules/(next|next-auth|react|react-dom)/" },
    },
    {
      name: "protocol-is-pure",
      comment: "Uploader, server and verifier must read it the same, on any machine.",
      severity: "error",
      from: { path: "^lib/protocol/", pathNot: tests },
      to: { pathNot: "^lib/protocol/|^node_modules/zod/|^(node:)?crypto$" },
    },
    {
      name: "uploader-shares-protocol-only",
      comment: "It ships to machines that we do not trust, as one file.",
      severity: "error",
      from: { path: "^uploader/", pathNot: tests },
      to: { path: `^(lib/(?!protocol/)|app/|components/|server/|prisma/)|${prisma}|^node_modules/next/` },
    },
    {
      name: "storage-knows-no-rows",
      comment: "Bytes outlive the schema.",
      severity: "error",
      from: { path: "^lib/storage/", pathNot: tests },
      to: { path: `${prisma}|^lib/db\\.ts$` },
    },
    {
      name: "domains-by-index",
      comment: "A domain has one door, so that what is behind it can change. (Shapes for screens are in types.ts.)",
      severity: "error",
      from: { path: "^lib/([^/]+)/" },
      to: { path: "^lib/[^/]+/", pathNot: "^lib/$1/|^lib/[^/]+/(index|types)\\.ts$|^lib/testing/" },
    },
    {
      name: "others-by-index",
      comment: "As domains-by-index, for everyone outside lib.",
      severity: "error",
      from: { path: "^(app|components|server|bin|scripts|prisma|uploader|e2e)/|^lib/[^/]+\\.ts$" },
      to: { path: "^lib/[^/]+/", pathNot: "^lib/[^/]+/(index|types)\\.ts$|^lib/testing/" },
    },
    {
      name: "app-has-no-database",
      comment: "What goes round the verbs goes round authorisation and custody.",
      severity: "error",
      from: { path: "^(app|components)/" },
      to: { path: `${prisma}|^lib/db\\.ts$`, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "components-get-props",
      comment: "Server code stays out of the browser: components import types and lib/protocol of lib, nothing else.",
      severity: "error",
      from: { path: "^components/" },
      to: { path: "^(app|lib/(?!protocol/)|server)/|^lib/[^/]+\\.ts$", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "e2e-is-black-box",
      comment: "It tests the product, not the code.",
      severity: "error",
      from: { path: "^e2e/" },
      to: { path: "^(app|components)/|^(lib|server)/(?!testing/)", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "tests-only-from-tests",
      comment: "No test code in production. The seed shares the tests' factories.",
      severity: "error",
      from: { pathNot: `${tests}|^prisma/seed` },
      to: { path: "\\.test\\.tsx?$|^lib/testing/" },
    },
    {
      name: "no-cycles",
      comment: "Two files that need each other are one file, or lack a third. Types may.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "resolvable",
      comment: "An import that leads nowhere fails at the worst moment.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "declared-packages",
      comment: "A package that only happens to be installed is gone one day.",
      severity: "error",
      from: { pathNot: "^\\." },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-development-packages",
      comment: "A production installation leaves them out.",
      severity: "error",
      from: { path: "^(app|components|lib|server|bin|uploader)/", pathNot: tests },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "^(node_modules|generated)/" },
    exclude: { path: "^(dist|data|samples|test-results|\\.next|\\.cache|public)/|next-env\\.d\\.ts$|^\\.next" },
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".mjs", ".js", ".json", ".css"],
    },
    combinedDependencies: false,
  },
};
