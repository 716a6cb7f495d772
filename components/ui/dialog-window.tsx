"use client";

import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, type RefObject, useState } from "react";
import { cx } from "./cx";
import { DialogCloser } from "./dialog-close";

type DialogWindowProps = {
  /** The button that opened it, if there is one; it gets the focus back. */
  trigger: RefObject<HTMLElement | null>;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  wide?: boolean;
};

/** The open window of a Dialog, which loads this file on demand. */
export function DialogWindow({ trigger, onOpenChange, title, description, children, wide = false }: DialogWindowProps) {
  const [focusedBefore] = useState(() => document.activeElement);

  // Radix gives the focus back to triggers of its own only; ours is there before its code is.
  function returnFocus(event: Event) {
    event.preventDefault();
    const target = trigger.current ?? focusedBefore;
    if (target instanceof HTMLElement) target.focus();
  }

  return (
    <Radix.Root open onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-veil" />
        <Radix.Content
          {...(description ? {} : { "aria-describedby": undefined })}
          onCloseAutoFocus={returnFocus}
          className={cx(
            "rise fixed inset-x-0 bottom-0 z-50 max-h-[92dvh] overflow-y-auto rounded-t-lg border border-line bg-raised p-5 shadow-float",
            "sm:inset-auto sm:top-[12dvh] sm:left-1/2 sm:max-h-[80dvh] sm:w-[calc(100vw-2rem)] sm:-translate-x-1/2 sm:rounded-lg",
            wide ? "sm:max-w-2xl" : "sm:max-w-md",
          )}
        >
          <div className="flex items-start gap-3">
            <Radix.Title className="wrap-anywhere min-w-0 flex-1 font-semibold text-lg">{title}</Radix.Title>
            <Radix.Close
              aria-label="Close"
              className="-mt-1 -mr-1.5 inline-flex size-8 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-ink pointer-coarse:size-11"
            >
              <X aria-hidden className="size-4" />
            </Radix.Close>
          </div>
          {description && (
            <Radix.Description asChild>
              <div className="wrap-anywhere mt-1 text-muted">{description}</div>
            </Radix.Description>
          )}
          <DialogCloser close={() => onOpenChange(false)}>
            <div className="mt-4">{children}</div>
          </DialogCloser>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
