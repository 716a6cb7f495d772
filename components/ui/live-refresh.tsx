"use client";

import { Radio, RefreshCw } from "lucide-react";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";

/** A page that a whole fleet changes is read anew no more often than this. */
const everyMs = 3_000;
/** After an answer that ends the stream for good, such as "too many": the browser tries no more by itself. */
const againMs = 20_000;

/** A page that nobody has touched for so long follows on, but keeps no session from running out (server/session.ts). */
const untouchedMs = 5 * 60_000;
const touches = ["pointerdown", "keydown", "wheel"] as const;

type LiveRefreshProps = {
  /** Server-sent events; each one called "changed" has the page read its data anew. */
  href: string;
};

/** Keeps a page up to date while it is looked at, and says whether it is. Without scripts it is a page like any other. */
export function LiveRefresh({ href }: LiveRefreshProps) {
  const router = useRouter();
  const [isLive, setIsLive] = useState<boolean | null>(null);

  useEffect(() => {
    let source: EventSource | null = null;
    let refreshTimer: ReturnType<typeof setTimeout> | null = null;
    let againTimer: ReturnType<typeof setTimeout> | null = null;
    let refreshedAt = performance.now();
    let touchedAt = performance.now();

    function touch() {
      touchedAt = performance.now();
    }

    function refresh() {
      refreshTimer = null;
      refreshedAt = performance.now();
      const isUntouched = refreshedAt - touchedAt > untouchedMs;
      // For the time of this request.
      // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing without TLS.
      document.cookie = `strongroom.untouched=1; Path=/; SameSite=Strict; Max-Age=${isUntouched ? 10 : 0}`;
      router.refresh();
    }

    function refreshSoon() {
      refreshTimer ??= setTimeout(refresh, Math.max(0, refreshedAt + everyMs - performance.now()));
    }

    function open() {
      const opened = new EventSource(href);
      source = opened;
      let wasOpen = false;
      opened.addEventListener("open", () => {
        setIsLive(true);
        // What happened while nothing was heard is not told again.
        if (wasOpen) refreshSoon();
        wasOpen = true;
      });
      opened.addEventListener("changed", refreshSoon);
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
      againTimer = null;
    }

    function follow() {
      close();
      if (document.visibilityState === "hidden") return;
      open();
      refreshSoon();
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
