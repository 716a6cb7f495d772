"use client";

import { Radio, RefreshCw } from "lucide-react";
import { useRouter } from "next/navigation";
import { useEffect, useRef, useState } from "react";

/** A page is read anew no more often than this when something that it shows changed, and when only its counts may have. */
const everyMs = 3_000;
const othersEveryMs = 10_000;
/** After an answer that ends the stream for good, such as "too many": the browser tries no more by itself. */
const againMs = 20_000;

/** A page that nobody has touched for so long follows on, but keeps no session from running out (server/session.ts). */
const untouchedMs = 5 * 60_000;
const touches = ["pointerdown", "keydown", "wheel"] as const;

type LiveRefreshProps = {
  /** Server-sent events; each one called "changed" has the page read its data anew. */
  href: string;
  /** Ids of what the page shows one by one; null: all that there is. */
  shown: readonly string[] | null;
};

/** Which devices changed; null: so many that nobody counted, or what is said cannot be read. */
function readChanged(text: string): string[] | null {
  try {
    const { devices } = JSON.parse(text) as { devices?: unknown }; // an object, as the archive sends it
    return Array.isArray(devices) ? devices.map(String) : null;
  } catch {
    return null;
  }
}

/** Keeps a page up to date while it is looked at, and says whether it is. Without scripts it is a page like any other. */
export function LiveRefresh({ href, shown }: LiveRefreshProps) {
  const router = useRouter();
  const latest = useRef(shown);
  const [isLive, setIsLive] = useState<boolean | null>(null);

  useEffect(() => {
    latest.current = shown;
  }, [shown]);

  useEffect(() => {
    let source: EventSource | null = null;
    let refreshTimer: ReturnType<typeof setTimeout> | null = null;
    let refreshDueAt = Number.POSITIVE_INFINITY;
    let againTimer: ReturnType<typeof setTimeout> | null = null;
    let refreshedAt = performance.now();
    let touchedAt = performance.now();

    function touch() {
      touchedAt = performance.now();
    }

    function refresh() {
      refreshTimer = null;
      refreshDueAt = Number.POSITIVE_INFINITY;
      refreshedAt = performance.now();
      const isUntouched = refreshedAt - touchedAt > untouchedMs;
      // For the time of this request.
      // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing without TLS.
      document.cookie = `strongroom.untouched=1; Path=/; SameSite=Strict; Max-Age=${isUntouched ? 10 : 0}`;
      router.refresh();
    }

    /** Has the page read anew so long after the last time, or sooner when that is due already. */
    function refreshAfter(pauseMs: number) {
      const dueAt = Math.max(performance.now(), refreshedAt + pauseMs);
      if (dueAt >= refreshDueAt) return;
      if (refreshTimer !== null) clearTimeout(refreshTimer);
      refreshDueAt = dueAt;
      refreshTimer = setTimeout(refresh, dueAt - performance.now());
    }

    function hear(event: MessageEvent<string>) {
      const changed = readChanged(event.data);
      const isShown = changed === null || latest.current === null || latest.current.some((id) => changed.includes(id));
      refreshAfter(isShown ? everyMs : othersEveryMs);
    }

    function open() {
      const opened = new EventSource(href);
      source = opened;
      let wasOpen = false;
      opened.addEventListener("open", () => {
        setIsLive(true);
        // What happened while nothing was heard is not told again.
        if (wasOpen) refreshAfter(everyMs);
        wasOpen = true;
      });
      opened.addEventListener("changed", hear);
      opened.addEventListener("error", () => {
        setIsLive(false);
        if (opened.readyState === EventSource.CLOSED) againTimer = setTimeout(open, againMs);
      });
    }

    function close() {
      source?.close();
      source = null;
      for (const timer of [refreshTimer, againTimer]) if (timer !== null) clearTimeout(timer);
      refreshTimer = null;
      refreshDueAt = Number.POSITIVE_INFINITY;
      againTimer = null;
    }

    function follow() {
      close();
      if (document.visibilityState === "hidden") return;
      open();
      refreshAfter(everyMs);
    }

    if (document.visibilityState === "visible") open();
    document.addEventListener("visibilitychange", follow);
    for (const kind of touches) document.addEventListener(kind, touch, { passive: true, capture: true });
    return () => {
      for (const kind of touches) document.removeEventListener(kind, touch, { capture: true });
      document.removeEventListener("visibilitychange", follow);
      close();
    };
  }, [href, router]);

  if (isLive === null) return null;
  const [Icon, word, title] = isLive
    ? ([Radio, "Live", "What devices say appears here by itself."] as const)
    : ([RefreshCw, "Reconnecting", "This page may be behind. It tries to follow again."] as const);
  return (
    <span title={title} className={`inline-flex items-center gap-1 text-xs ${isLive ? "text-ok" : "text-wait"}`}>
      <Icon aria-hidden className="size-3.5" />
      {word}
    </span>
  );
}
