/** The mark: a door and its wheel. */
function BrandMark({ className }: { className: string }) {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2.2" aria-hidden className={className}>
      <rect x="3" y="3" width="18" height="18" rx="4" />
      <circle cx="12" cy="12" r="4.2" />
      <path d="M12 7.8V5.6M12 18.4v-2.2M16.2 12h2.2M5.6 12h2.2" />
    </svg>
  );
}

/** Mark and name. */
export function Brand() {
  return (
    <span className="inline-flex items-center gap-2.5 font-[650] text-[0.9375rem] tracking-tight">
      <BrandMark className="size-[1.375rem] text-accent" />
      Strongroom
    </span>
  );
}
