import localFont from "next/font/local";

// The Latin subset of both is preloaded; other scripts come by unicode-range from the packages' own style sheets.

/** Text. */
export const inter = localFont({
  src: "../node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  weight: "100 900",
  variable: "--font-inter",
  adjustFontFallback: false,
});

/** Digests, ids, keys. */
export const jetBrainsMono = localFont({
  src: "../node_modules/@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
  weight: "100 800",
  variable: "--font-mono-latin",
  adjustFontFallback: false,
});
