import { LoaderCircle, type LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "./cx";
import { Link } from "./link";

/** `filter` is the round one of a filter row. */
export type ButtonVariant = "primary" | "secondary" | "quiet" | "danger" | "filter";

type Look = {
  variant?: ButtonVariant | undefined;
  /** `lg` is 44 px high, for the one act of a page on a phone. */
  size?: "md" | "lg" | undefined;
  icon?: LucideIcon | undefined;
  children?: ReactNode;
};

const variants: Record<ButtonVariant, string> = {
  primary:
    "rounded-md border-accent bg-accent font-semibold text-accent-ink hover:border-accent-strong hover:bg-accent-strong",
  secondary: "rounded-md border-line bg-surface font-semibold text-ink hover:border-edge",
  quiet: "rounded-md border-transparent font-semibold text-muted hover:bg-sunken hover:text-ink",
  danger: "rounded-md border-bad bg-surface font-semibold text-bad hover:bg-bad-soft",
  filter: "rounded-full border-line bg-surface font-medium text-muted hover:border-edge hover:text-ink",
};

function buttonClass({ variant = "secondary", size = "md" }: Look, className?: string): string {
  return cx(
    "inline-flex select-none items-center justify-center gap-1.5 whitespace-nowrap border",
    "transition-colors disabled:cursor-not-allowed disabled:opacity-55 aria-disabled:opacity-55",
    size === "md" ? "h-8 px-3 text-sm pointer-coarse:h-11" : "h-11 px-4 text-md",
    variants[variant],
    className,
  );
}

/** A button. `pending` shows that the act runs, keeps the width and refuses a second press. */
export function Button({
  variant,
  size,
  icon: Icon,
  pending = false,
  className,
  children,
  disabled,
  type = "button",
  ...rest
}: Look & { pending?: boolean } & ComponentProps<"button">) {
  return (
    <button
      {...rest}
      type={type}
      disabled={disabled || pending}
      aria-busy={pending || undefined}
      className={buttonClass({ variant, size }, className)}
    >
      {pending ? (
        <LoaderCircle aria-hidden className="size-4 motion-safe:animate-spin" />
      ) : (
        Icon && <Icon aria-hidden className="size-4" />
      )}
      {children}
    </button>
  );
}

// Handlers are left out: a link goes somewhere and does nothing else.
type PlainLinkProps = Omit<ComponentProps<"a">, "href" | "ref" | "onClick" | "onMouseEnter" | "onTouchStart">;

/** A link that looks like a button. `download` and other addresses outside the pages are plain links. */
export function ButtonLink({
  variant,
  size,
  icon: Icon,
  className,
  children,
  href,
  ...rest
}: Look & PlainLinkProps & { href: string }) {
  const inside = (
    <>
      {Icon && <Icon aria-hidden className="size-4" />}
      {children}
    </>
  );
  const look = buttonClass({ variant, size }, className);
  if (rest.download !== undefined || href.startsWith("/api/"))
    return (
      <a {...rest} href={href} className={look}>
        {inside}
      </a>
    );
  return (
    <Link {...rest} href={href} className={look}>
      {inside}
    </Link>
  );
}

/** A square button with an icon and no visible words; `label` is what it is called. */
export function IconButton({
  icon: Icon,
  label,
  className,
  ...rest
}: { icon: LucideIcon; label: string } & Omit<ComponentProps<"button">, "children">) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={cx(
        "inline-flex size-8 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-ink pointer-coarse:size-11",
        className,
      )}
    >
      <Icon aria-hidden className="size-4" />
    </button>
  );
}
