import type { ReactNode } from "react";
import { Link } from "./link";
import { TimeSwitch } from "./time-switch";

type PageHeaderProps = {
  title: string;
  /** The list this page belongs to. */
  parent?: { href: string; label: string };
  /** After the parent's name, as an id. */
  trail?: ReactNode;
  /** Beside the title: a state pill, a count. */
  note?: ReactNode;
  /** Right: the page's acts, the main one last. */
  children?: ReactNode;
};

/** Title and acts of a page, and the switch between site time and UTC. */
export function PageHeader({ title, parent, trail, note, children }: PageHeaderProps) {
  return (
    <header className="flex flex-wrap items-end gap-x-4 gap-y-2.5 px-4 pt-4 pb-3 md:px-6">
      <div className="min-w-min flex-1">
        {parent && (
          <p className="text-muted text-sm">
            <Link href={parent.href} className="hover:text-ink hover:underline">
              {parent.label}
            </Link>
            {trail && <> / {trail}</>}
          </p>
        )}
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h1 className="wrap-anywhere font-[640] text-xl">{title}</h1>
          {note}
        </div>
      </div>
      <div className="hidden lg:block print:hidden">
        <TimeSwitch />
      </div>
      {children && <div className="flex flex-wrap items-center gap-2 empty:hidden">{children}</div>}
    </header>
  );
}

/** The row of filters below a page's title. */
export function Toolbar({ children }: { children: ReactNode }) {
  return <div className="flex flex-wrap items-center gap-2 px-4 pb-3 md:px-6">{children}</div>;
}

/** The body of a page that is no table: even margins, a grid of cards. */
export function PageBody({ children, narrow = false }: { children: ReactNode; narrow?: boolean }) {
  return <div className={`grid shrink-0 gap-3.5 px-4 pb-8 md:px-6 ${narrow ? "max-w-2xl" : ""}`}>{children}</div>;
}
