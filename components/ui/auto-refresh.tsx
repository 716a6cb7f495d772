"use client";

import { useRouter } from "next/navigation";
import { useEffect } from "react";

/** Has the page read its data anew every few seconds, while something on it is moving and the page is looked at. */
export function AutoRefresh({ everyMs = 5_000 }: { everyMs?: number }) {
  const router = useRouter();
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") router.refresh();
    }, everyMs);
    return () => clearInterval(timer);
  }, [router, everyMs]);
  return null;
}
