import { operations } from "../openapi/index.ts";

/** Pages whose address holds a one-time secret: their second part is never written down. */
const secretPages = new Set(["setup", "invite"]);
/** Longer parts of an address that is none of ours are cut: nobody knows what is in them. */
const longestPart = 24;
const longestPath = 200;

type Node = { children: Map<string, Node>; any: Node | null; name: string | null };
const newNode = (): Node => ({ children: new Map(), any: null, name: null });

const tree = newNode();
for (const { path } of operations) {
  let node = tree;
  for (const part of path.split("/").slice(1)) {
    const isAny = part.startsWith("{");
    const next: Node = (isAny ? node.any : node.children.get(part)) ?? newNode();
    if (isAny) node.any = next;
    else node.children.set(part, next);
    node = next;
  }
  node.name = path;
}

/** The address's name in the OpenAPI document; null for what is not in it. */
function documentedName(parts: readonly string[]): string | null {
  let node: Node | null = tree;
  for (const part of parts) node = node === null ? null : (node.children.get(part) ?? node.any);
  return node?.name ?? null;
}

/** What a request is counted as, and how its address is written into the log: without query, without secrets. */
export type RouteName = { route: string; path: string };

/** Names an address. There are as many routes as operations, and three more. */
export function nameRoute(path: string): RouteName {
  const parts = path.split("/").slice(1);
  const documented = documentedName(parts);
  if (documented !== null) return { route: documented, path: cut(path.replace(/srd_[^/]*/g, "srd_…")) };
  const [first = ""] = parts;
  const isSecret = secretPages.has(first) && parts.length > 1;
  const shown = isSecret
    ? `/${first}/…`
    : `/${parts.map((part) => (part.length > longestPart ? "…" : part)).join("/")}`;
  const route = first === "_next" ? "static" : first === "api" ? "other" : "page";
  return { route, path: cut(shown) };
}

function cut(path: string): string {
  return path.length > longestPath ? `${path.slice(0, longestPath)}…` : path;
}
