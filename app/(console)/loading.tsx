/** Holds the frame of a page while it is being read; says so to screen readers. */
export default function Loading() {
  return (
    <div role="status" className="px-4 pt-5 md:px-6">
      <span className="sr-only">Loading</span>
      <div aria-hidden className="h-6 w-44 rounded-md bg-sunken motion-safe:animate-pulse" />
      <div aria-hidden className="mt-6 grid gap-2.5">
        {["w-full", "w-11/12", "w-full", "w-10/12", "w-11/12", "w-full"].map((width, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: fixed decoration
          <div key={index} className={`h-9 rounded-md bg-sunken motion-safe:animate-pulse ${width}`} />
        ))}
      </div>
    </div>
  );
}
