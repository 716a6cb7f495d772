/**
 * A person at a browser, as far as HTTP goes: keeps cookies, signs in through next-auth's own endpoints, and sends
 * the Origin that a page of ours would send.
 */
export class HttpSession {
  readonly #origin: string;
  readonly #cookies = new Map<string, string>();

  /** @param origin scheme, host and port of the archive, as in http://localhost:3000 */
  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Fetches a path of the archive with this person's cookies; redirects are not followed. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("Cookie", Array.from(this.#cookies, ([name, value]) => `${name}=${value}`).join("; "));
    if (init.method !== undefined && init.method !== "GET" && init.method !== "HEAD")
      headers.set("Origin", this.#origin);
    const response = await fetch(this.#origin + path, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const at = pair.indexOf("=");
      this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }

  /** The cookies in the shape that a browser's saved session has. */
  cookies(domain: string) {
    return Array.from(this.#cookies, ([name, value]) => ({
      name,
      value,
      domain,
      path: "/",
      expires: -1,
      httpOnly: true,
      secure: false,
      sameSite: "Lax" as const,
    }));
  }

  /** Fetches JSON; an answer that is not 2xx is an error with the archive's own words. */
  async json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await this.fetch(path, init);
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${init.method ?? "GET"} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return text === "" ? (undefined as T) : JSON.parse(text);
  }

  /** Posts a JSON body. */
  async post<T>(path: string, body: unknown): Promise<T> {
    return this.json<T>(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  /** Signs in with e-mail and password; throws when it was refused. */
  async signIn(email: string, password: string): Promise<void> {
    const { csrfToken } = await this.json<{ csrfToken: string }>("/api/auth/csrf");
    const form = new URLSearchParams({ csrfToken, email, password, json: "true" });
    const response = await this.fetch("/api/auth/callback/credentials", { method: "POST", body: form });
    const hasSession = Array.from(this.#cookies).some(([name, value]) => name.endsWith(".session") && value !== "");
    if (!hasSession) throw new Error(`Signing in as ${email} was refused (${response.status}).`);
  }
}
