"use client";

import type { LucideIcon } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { Link } from "./link";

const itemClass =
  "flex min-h-9 cursor-pointer select-none items-center gap-2.5 rounded-sm px-2.5 py-1.5 text-sm outline-none data-disabled:cursor-not-allowed data-disabled:opacity-55 data-highlighted:bg-sunken pointer-coarse:min-h-11";

/** A button that opens a list of acts. `trigger` is the button. */
export function Menu({
  trigger,
  children,
  align = "end",
}: {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end";
}) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="rise z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-48 max-w-80 overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-float"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
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
  return (
    <Radix.Item className={itemClass} onSelect={onSelect} disabled={disabled}>
      {Icon && <Icon aria-hidden className="size-4 text-muted" />}
      {children}
    </Radix.Item>
  );
}

/** One place to go. */
export function MenuLink({ icon: Icon, href, children }: { icon?: LucideIcon; href: string; children: ReactNode }) {
  return (
    <Radix.Item asChild>
      <Link href={href} className={itemClass}>
        {Icon && <Icon aria-hidden className="size-4 text-muted" />}
        {children}
      </Link>
    </Radix.Item>
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
  return (
    <Radix.RadioGroup value={value} onValueChange={onChange}>
      <Radix.Label className="px-2.5 pt-1.5 pb-1 font-semibold text-muted text-xs">{label}</Radix.Label>
      {choices.map(({ icon: Icon, ...choice }) => (
        <Radix.RadioItem key={choice.value} value={choice.value} className={itemClass}>
          {Icon && <Icon aria-hidden className="size-4 text-muted" />}
          {choice.label}
          <Radix.ItemIndicator className="ml-auto font-semibold text-accent">✓</Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

/** A line between groups. */
export function MenuRule() {
  return <Radix.Separator className="my-1 h-px bg-line" />;
}
