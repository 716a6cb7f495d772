import "server-only";
import { encode } from "uqr";
import type { QrCode } from "@/components/devices/qr-image";

/** A text as a QR code: the path of its dark modules, drawn here so that the browser loads no encoder. */
export function qrCodeOf(text: string): QrCode {
  const { data, size } = encode(text, { ecc: "M", border: 4 });
  const path = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return { path, size };
}
