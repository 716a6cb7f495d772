import "./globals.css";
import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { PreferencesProvider } from "@/components/ui/preferences";
import { ToastRegion } from "@/components/ui/toast";
import { getPreferences } from "./_server/preferences";
import { inter, jetBrainsMono } from "./fonts";

export const metadata: Metadata = {
  title: { default: "Strongroom", template: "%s · Strongroom" },
  description: "Archive for video evidence.",
  robots: { index: false, follow: false },
  formatDetection: { telephone: false, date: false, address: false, email: false },
};

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#f6f5f2" },
    { media: "(prefers-color-scheme: dark)", color: "#111417" },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  const preferences = await getPreferences();
  return (
    <html
      lang="en"
      className={`${inter.variable} ${jetBrainsMono.variable}`}
      data-theme={preferences.theme === "system" ? undefined : preferences.theme}
    >
      <body>
        <a href="#main" className="skip-link">
          Skip to the content
        </a>
        <PreferencesProvider initial={preferences} now={new Date()}>
          <ToastRegion>{children}</ToastRegion>
        </PreferencesProvider>
      </body>
    </html>
  );
}
