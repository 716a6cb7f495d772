"use client";

import dynamic from "next/dynamic";
import { Slot } from "radix-ui";
import { type ReactNode, useCallback, useRef, useState } from "react";

const loadWindow = () => import("./dialog-window");
// Loaded when the pointer or the focus comes near the button: most pages are read without opening any window.
const DialogWindow = dynamic(() => loadWindow().then((module) => module.DialogWindow), { ssr: false });

type DialogProps = {
  /** The button that opens it; without it the dialog is steered by `open`. */
  trigger?: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  title: string;
  /** One or two sentences below the title. */
  description?: ReactNode;
  children: ReactNode;
  wide?: boolean;
};

/** A window over the page: holds the focus, closes on Esc and outside, gives the focus back where it was. */
export function Dialog({ trigger, open: steeredOpen, onOpenChange, ...window }: DialogProps) {
  const [ownOpen, setOwnOpen] = useState(false);
  const open = steeredOpen ?? ownOpen;
  const button = useRef<HTMLElement>(null);

  const change = useCallback(
    (next: boolean) => {
      setOwnOpen(next);
      onOpenChange?.(next);
    },
    [onOpenChange],
  );

  return (
    <>
      {trigger && (
        <Slot.Root
          // The cast holds: every trigger is a button or a link.
          ref={button as React.RefObject<never>}
          aria-haspopup="dialog"
          aria-expanded={open}
          onPointerEnter={loadWindow}
          onFocus={loadWindow}
          onClick={() => change(true)}
        >
          {trigger}
        </Slot.Root>
      )}
      {open && <DialogWindow {...window} trigger={button} onOpenChange={change} />}
    </>
  );
}
