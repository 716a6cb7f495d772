"use client";

import { IssueDialog, type IssueProps } from "@/components/shell/issue-dialog";
import { type IssuedDevice, IssuedDeviceView } from "./issued-device";

/** Asks what a new token needs, then shows the token until the dialog is closed. */
export function TokenDialog(props: IssueProps<IssuedDevice>) {
  return <IssueDialog {...props} issuedTitle="The token" show={(issued) => <IssuedDeviceView {...issued} />} />;
}
