/** An address of ours to go back to: never another host, and without what only the router needs. */
export function returnPath(text: string | null | undefined): string {
  if (!text?.startsWith("/") || !URL.canParse(text, "http://archive")) return "/";
  const url = new URL(text, "http://archive");
  url.searchParams.delete("_rsc");
  const path = `${url.pathname}${url.search}`;
  // Judged after it is resolved: "/.//host" only then begins with two slashes, which is another host.
  return url.origin === "http://archive" && !path.startsWith("//") ? path : "/";
}
