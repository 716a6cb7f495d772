"use client";

import type { LucideIcon } from "lucide-react";
import { Slot } from "radix-ui";
import { createContext, type ReactNode, use, useCallback, useId, useLayoutEffect, useRef, useState } from "react";
import { Link } from "./link";
import { handleMenuKey, placeBeside } from "./menu-behaviour";

const itemClass =
  "flex min-h-9 w-full select-none items-center gap-2.5 rounded-sm px-2.5 py-1.5 text-left text-sm outline-none hover:bg-sunken focus:bg-sunken disabled:cursor-not-allowed disabled:opacity-55 pointer-coarse:min-h-11";

const CloseContext = createContext<() => void>(() => {});

/**
 * A button that opens a list of acts; `trigger` is the button. The browser's own popover shows it above everything,
 * closes it on Esc and outside, and gives the focus back; the arrow keys and first letters walk it.
 */
export function Menu({
  trigger,
  children,
  align = "end",
}: {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end";
}) {
  const id = useId();
  const [open, setOpen] = useState(false);
  // A press on the trigger closes the popover before the click arrives, which must not open it again.
  const wasOpen = useRef(false);
  const button = useRef<HTMLElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const close = useCallback(() => list.current?.hidePopover(), []);

  useLayoutEffect(() => {
    if (!open || !list.current || !button.current) return;
    list.current.showPopover();
    placeBeside(list.current, button.current, align);
    const checked = list.current.querySelector<HTMLElement>("[aria-checked=true]");
    (checked ?? list.current.querySelector<HTMLElement>("[role^=menuitem]"))?.focus();
  }, [open, align]);

  return (
    <>
      <Slot.Root
        // The cast holds: every trigger is a button or a link.
        ref={button as React.RefObject<never>}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        data-state={open ? "open" : "closed"}
        onPointerDown={() => {
          wasOpen.current = open;
        }}
        onClick={() => {
          if (!wasOpen.current) setOpen(true);
          wasOpen.current = false;
        }}
      >
        {trigger}
      </Slot.Root>
      <div
        ref={list}
        id={id}
        role="menu"
        tabIndex={-1}
        popover="auto"
        onToggle={(event) => event.newState === "closed" && setOpen(false)}
        onKeyDown={handleMenuKey}
        className="fixed top-0 right-auto bottom-auto left-0 m-0 max-h-[80dvh] min-w-48 max-w-80 overflow-y-auto rounded-lg border border-line bg-raised p-1 text-ink shadow-float"
      >
        <CloseContext value={close}>{open && children}</CloseContext>
      </div>
    </>
  );
}

/** One act. */
export function MenuItem({
  icon: Icon,
  onSelect,
  disabled = false,
  children,
}: {
  icon?: LucideIcon;
  onSelect: () => void;
  disabled?: boolean;
  children: ReactNode;
}) {
  const close = use(CloseContext);
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      disabled={disabled}
      className={itemClass}
      onClick={() => {
        close();
        onSelect();
      }}
    >
      {Icon && <Icon aria-hidden className="size-4 text-muted" />}
      {children}
    </button>
  );
}

/** One place to go. */
export function MenuLink({ icon: Icon, href, children }: { icon?: LucideIcon; href: string; children: ReactNode }) {
  return (
    <Link href={href} role="menuitem" tabIndex={-1} className={itemClass} onClick={use(CloseContext)}>
      {Icon && <Icon aria-hidden className="size-4 text-muted" />}
      {children}
    </Link>
  );
}

/** One of several, ticked when chosen. */
export function MenuChoices({
  label,
  value,
  onChange,
  choices,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  choices: { value: string; label: string; icon?: LucideIcon }[];
}) {
  const id = useId();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset may not stand inside a menu
    <div role="group" aria-labelledby={id}>
      <p id={id} className="px-2.5 pt-1.5 pb-1 font-semibold text-muted text-xs">
        {label}
      </p>
      {choices.map(({ icon: Icon, ...choice }) => (
        <button
          key={choice.value}
          type="button"
          role="menuitemradio"
          aria-checked={choice.value === value}
          tabIndex={-1}
          className={itemClass}
          onClick={() => onChange(choice.value)}
        >
          {Icon && <Icon aria-hidden className="size-4 text-muted" />}
          {choice.label}
          {choice.value === value && (
            <span aria-hidden className="ml-auto font-semibold text-accent">
              ✓
            </span>
          )}
        </button>
      ))}
    </div>
  );
}

/** A line between groups. */
export function MenuRule() {
  return <hr className="my-1 border-line" />;
}
