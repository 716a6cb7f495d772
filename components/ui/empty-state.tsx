import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

/** Says why nothing is here and what to do about it. `children`: the one button that helps. */
export function EmptyState({
  icon: Icon,
  title,
  text,
  isPage = false,
  children,
}: {
  icon: LucideIcon;
  title: string;
  text: ReactNode;
  /** The whole page is this; then its title is the page's heading. */
  isPage?: boolean;
  children?: ReactNode;
}) {
  const Heading = isPage ? "h1" : "h2";
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-1.5 px-6 py-16 text-center">
      <span className="mb-2 inline-flex size-11 items-center justify-center rounded-full bg-sunken text-muted">
        <Icon aria-hidden className="size-5" />
      </span>
      <Heading className="font-semibold text-lg">{title}</Heading>
      <p className="text-pretty text-muted">{text}</p>
      {children && <div className="mt-3 flex flex-wrap justify-center gap-2">{children}</div>}
    </div>
  );
}
