"use client";

import { IssueDialog, type IssueProps } from "@/components/shell/issue-dialog";
import { type IssuedCode, IssuedCodeView } from "./issued-code";

/** Asks what a new enrolment code lets in, then shows the code until the dialog is closed. */
export function CodeDialog(props: IssueProps<IssuedCode>) {
  return (
    <IssueDialog {...props} wide issuedTitle="The enrolment code" show={(issued) => <IssuedCodeView {...issued} />} />
  );
}
