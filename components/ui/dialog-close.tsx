"use client";

import { Slot } from "radix-ui";
import { createContext, type ReactNode, use } from "react";

const CloseContext = createContext<() => void>(() => {});

/** Tells what is inside a dialog how to close it. */
export function DialogCloser({ close, children }: { close: () => void; children: ReactNode }) {
  return <CloseContext value={close}>{children}</CloseContext>;
}

/** Closes the dialog around it, as in a "Cancel" button. */
export function DialogClose({ children }: { children: ReactNode }) {
  return <Slot.Root onClick={use(CloseContext)}>{children}</Slot.Root>;
}
