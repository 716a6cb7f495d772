"use client";

import { useRouter } from "next/navigation";
import { useEffect, useRef, useState } from "react";
import { Dialog } from "@/components/ui/dialog";
import { Kbd } from "@/components/ui/kbd";
import { usePreferences } from "@/components/ui/preferences";
import { closePanel, focusSearch, isTyping, moveRow, openFocusedRow } from "./keyboard";
import { type NavKey, navEntries } from "./nav-entries";

const helpEvent = "strongroom:shortcuts";

/** Opens the list of keys from anywhere. */
export function openShortcutHelp(): void {
  window.dispatchEvent(new Event(helpEvent));
}

/** The keys of every page, and the window that lists them. Single keys can be turned off there (WCAG 2.2, 2.1.4). */
export function Shortcuts({ entries }: { entries: NavKey[] }) {
  const router = useRouter();
  const { keys, setKeys } = usePreferences();
  const [helpOpen, setHelpOpen] = useState(false);
  const lastG = useRef(Number.NEGATIVE_INFINITY);

  useEffect(() => {
    const open = () => setHelpOpen(true);
    window.addEventListener(helpEvent, open);
    return () => window.removeEventListener(helpEvent, open);
  }, []);

  useEffect(() => {
    const go = (letter: string): boolean => {
      const key = entries.find((entry) => navEntries[entry].letter === letter);
      if (key) router.push(navEntries[key].href);
      return key !== undefined;
    };
    const push = (href: string) => router.push(href, { scroll: false });
    const acts: Record<string, () => boolean> = {
      "?": () => {
        setHelpOpen(true);
        return true;
      },
      "/": focusSearch,
      j: () => moveRow(1),
      k: () => moveRow(-1),
    };

    function onKeyDown(event: KeyboardEvent) {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "Enter" && openFocusedRow(push)) return event.preventDefault();
      if (event.key === "Escape") return void closePanel();
      if (keys === "off") return;
      if (event.key === "g") {
        lastG.current = event.timeStamp;
        return;
      }
      const afterG = event.timeStamp - lastG.current < 1_500;
      lastG.current = Number.NEGATIVE_INFINITY;
      const done = afterG ? go(event.key) : (acts[event.key]?.() ?? false);
      if (done) event.preventDefault();
    }
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [entries, keys, router]);

  return (
    <Dialog open={helpOpen} onOpenChange={setHelpOpen} title="Keyboard shortcuts">
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2 text-sm">
        {entries.map((key) => (
          <Row key={key} keys={["g", navEntries[key].letter]} text={`Go to ${navEntries[key].label}`} />
        ))}
        <Row keys={["/"]} text="Search in this list" />
        <Row keys={["j", "k"]} text="Next and previous row" />
        <Row keys={["Enter"]} text="Open the row" />
        <Row keys={["Esc"]} text="Close the panel or the window" />
        <Row keys={["?"]} text="This list" />
      </dl>
      <label className="mt-4 flex items-center gap-2.5 border-line border-t pt-4 text-sm">
        <input
          type="checkbox"
          className="tick"
          checked={keys === "on"}
          onChange={(event) => setKeys(event.currentTarget.checked ? "on" : "off")}
        />
        Single letters act as shortcuts
      </label>
    </Dialog>
  );
}

function Row({ keys, text }: { keys: string[]; text: string }) {
  return (
    <div className="contents">
      <dt className="flex gap-1">
        {keys.map((key) => (
          <Kbd key={key}>{key}</Kbd>
        ))}
      </dt>
      <dd>{text}</dd>
    </div>
  );
}
