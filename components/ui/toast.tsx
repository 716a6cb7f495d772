"use client";

import { CircleAlert, CircleCheck, X } from "lucide-react";
import { createContext, type ReactNode, use, useCallback, useRef, useState } from "react";
import { IconButton } from "./button";

type Toast = { message: string; tone?: "ok" | "bad" };
type ShownToast = Toast & { id: number };

const AnnounceContext = createContext<(toast: Toast) => void>(() => {});

/** Says something at the foot of the page, and to screen readers: `announce({ message, tone })`. */
export function useAnnounce(): (toast: Toast) => void {
  return use(AnnounceContext);
}

/** The one place where short messages appear; good news leaves after 5 s, bad news stays until it is closed. */
export function ToastRegion({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<ShownToast[]>([]);
  const nextId = useRef(1);
  const close = useCallback((id: number) => setToasts((old) => old.filter((toast) => toast.id !== id)), []);

  const announce = useCallback(
    (toast: Toast) => {
      const id = nextId.current++;
      setToasts((old) => [...old.slice(-2), { ...toast, id }]);
      if (toast.tone !== "bad") setTimeout(() => close(id), 5_000);
    },
    [close],
  );

  return (
    <AnnounceContext value={announce}>
      {children}
      <div
        role="status"
        aria-live="polite"
        className="pointer-events-none fixed inset-x-0 bottom-16 z-50 flex flex-col items-center gap-2 px-4 md:bottom-5"
      >
        {toasts.map((toast) => (
          <div
            key={toast.id}
            className="rise pointer-events-auto flex max-w-md items-center gap-2.5 rounded-lg border border-line bg-raised py-1 pr-1 pl-3.5 text-sm shadow-float"
          >
            {toast.tone === "bad" ? (
              <CircleAlert aria-label="Problem:" className="size-4 shrink-0 text-bad" />
            ) : (
              <CircleCheck aria-hidden className="size-4 shrink-0 text-ok" />
            )}
            <span className="py-1.5">{toast.message}</span>
            <IconButton icon={X} label="Close message" onClick={() => close(toast.id)} />
          </div>
        ))}
      </div>
    </AnnounceContext>
  );
}
