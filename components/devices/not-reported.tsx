/** In the place of what a device has not said. */
export function NotReported() {
  return <span className="text-muted italic">not reported</span>;
}
