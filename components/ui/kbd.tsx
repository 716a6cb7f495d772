/** A key of the keyboard. */
export function Kbd({ children }: { children: string }) {
  return (
    <kbd className="mono inline-flex h-5 min-w-5 items-center justify-center rounded-sm border border-line bg-sunken px-1 text-muted text-xs">
      {children}
    </kbd>
  );
}
