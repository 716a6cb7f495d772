"use client";

import { ArrowLeft, ArrowRight, Send } from "lucide-react";
import { useRouter } from "next/navigation";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { type AskDraft, clearDraft, draftProblems, loadDraft, readDraft, saveDraft } from "./ask-draft";
import { AskFields, type AskOptions } from "./ask-fields";
import { AskSummary } from "./ask-summary";
import { ErrorSummary } from "./error-summary";
import { pdfProblem } from "./pdf-problem";
import { sendRequest } from "./send-request";

type AskFormProps = {
  options: AskOptions;
  /** Values to start with, from an earlier request; null: an empty form, or this tab's draft. */
  initial: AskDraft | null;
  empty: AskDraft;
};

/** The requester's form: one calm page, then a summary to check, then it is sent. The draft survives a reload. */
export function AskForm({ options, initial, empty }: AskFormProps) {
  const router = useRouter();
  const form = useRef<HTMLFormElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const [start, setStart] = useState({ draft: initial ?? empty, generation: 0 });
  const [checked, setChecked] = useState<{ draft: AskDraft; order: File } | null>(null);
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [sending, setSending] = useState(false);

  useEffect(() => {
    const draft = initial === null ? loadDraft() : null;
    // The fields take their values once; a new generation makes them anew.
    if (draft) setStart({ draft, generation: 1 });
  }, [initial]);

  function toTop() {
    top.current?.focus({ preventScroll: true });
    top.current?.scrollIntoView({ block: "center" });
  }

  function show(found: Record<string, string>) {
    setProblems(found);
    setChecked(null);
    requestAnimationFrame(toTop);
  }

  async function check(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const draft = readDraft(event.currentTarget);
    const order = new FormData(event.currentTarget).get("order");
    const found = draftProblems(draft);
    const file = order instanceof File && order.name !== "" ? order : null;
    const wrong = file ? await pdfProblem(file, options.orderMaxBytes) : "Attach the order as a PDF.";
    if (wrong) found.order = wrong;
    if (Object.keys(found).length > 0 || file === null) return show(found);
    setProblems({});
    setChecked({ draft, order: file });
    requestAnimationFrame(toTop);
  }

  async function send() {
    if (checked === null || sending) return;
    setSending(true);
    const answer = await sendRequest(checked.draft, checked.order);
    if (answer.ok) {
      clearDraft();
      router.push(`/ask/${answer.id}`);
      return;
    }
    setSending(false);
    show({ [answer.field ?? "form"]: answer.message });
  }

  return (
    <div className="grid gap-3.5">
      <div ref={top} tabIndex={-1} className="scroll-mt-4 outline-none">
        <ErrorSummary problems={problems} form={form} />
      </div>
      <form
        ref={form}
        noValidate
        hidden={checked !== null}
        className="grid gap-3.5"
        onChange={(event) => saveDraft(readDraft(event.currentTarget))}
        onSubmit={check}
      >
        <AskFields key={start.generation} options={options} start={start.draft} problems={problems} />
        <div className="flex justify-end">
          <Button type="submit" variant="primary" size="lg" icon={ArrowRight} className="max-sm:w-full">
            Check what you ask
          </Button>
        </div>
      </form>
      {checked && (
        <Card title="Is this what you ask for?">
          <AskSummary draft={checked.draft} order={checked.order} options={options} />
          <div className="mt-5 flex flex-row-reverse flex-wrap gap-2">
            <Button variant="primary" size="lg" icon={Send} pending={sending} onClick={send} className="max-sm:w-full">
              Send the request
            </Button>
            <Button
              size="lg"
              icon={ArrowLeft}
              disabled={sending}
              onClick={() => setChecked(null)}
              className="max-sm:w-full"
            >
              Change something
            </Button>
          </div>
        </Card>
      )}
    </div>
  );
}
