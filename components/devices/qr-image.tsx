/** The dark modules of a QR code as one path, on a square of `size` with its margin. */
export type QrCode = { path: string; size: number };

/** A QR code. Dark on light in both colour schemes: many readers know no other. */
export function QrImage({ code, label }: { code: QrCode; label: string }) {
  return (
    <svg
      viewBox={`0 0 ${code.size} ${code.size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
      className="block size-52 max-w-full rounded-md border border-line"
    >
      <rect width={code.size} height={code.size} className="qr-light" />
      <path d={code.path} className="qr-dark" />
    </svg>
  );
}
