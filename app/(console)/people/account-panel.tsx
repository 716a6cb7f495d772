import { Ban, CirclePlay, KeyRound, ScrollText, UserCog } from "lucide-react";
import { LinkDialog } from "@/components/people/link-dialog";
import { organisationKinds } from "@/components/people/organisation-kinds";
import { Button, ButtonLink } from "@/components/ui/button";
import { SelectField } from "@/components/ui/choice";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { IdText } from "@/components/ui/digest";
import { Facts } from "@/components/ui/facts";
import { Panel } from "@/components/ui/panel";
import { StatePill } from "@/components/ui/state-pill";
import { accountStates, roleNames } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import type { AccountRow } from "@/lib/people/types";
import { changeRoleAction, disableAction, enableAction, issueLinkAction } from "./actions";

/** The chosen person beside the list, and what may be done with their account. */
export function AccountPanel({ account, closeHref }: { account: AccountRow; closeHref: string }) {
  return (
    <Panel label={`Account of ${account.name}`} closeHref={closeHref}>
      <h2 className="wrap-anywhere pr-10 font-semibold text-lg">{account.name}</h2>
      <p className="text-muted text-sm">
        {roleNames[account.role]} · <IdText id={account.id} />
      </p>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <ButtonLink href={`/custody?actor=${account.id}`} icon={ScrollText}>
          What they did
        </ButtonLink>
        <span className="ml-auto">
          <StatePill look={accountStates[account.state]} />
        </span>
      </div>
      <Facts
        className="mt-4"
        facts={[
          { label: "E-mail", value: account.email },
          {
            label: "Organisation",
            value: account.organisation.name,
            note: organisationKinds[account.organisation.kind],
          },
          { label: "Badge", value: account.badge && <span className="mono">{account.badge}</span> },
          { label: "Added", value: <Time at={account.createdAt} /> },
          { label: "Signed in", value: account.lastLoginAt ? <Time at={account.lastLoginAt} /> : "Never" },
          ...(account.linkUntil
            ? [{ label: "Open link", value: <>works until {<Time at={account.linkUntil} />}</> }]
            : []),
        ]}
      />
      <Acts account={account} />
    </Panel>
  );
}

const insideRoles = ["officer", "auditor", "admin"] as const;

function Acts({ account }: { account: AccountRow }) {
  const id = <input type="hidden" name="id" value={account.id} />;
  const { can } = account;
  const reasons = [...new Set([can.changeRole, can.disable, can.issueLink])];
  return (
    <div className="mt-6 flex flex-wrap gap-2">
      {can.changeRole === null && (
        <ConfirmDialog
          trigger={<Button icon={UserCog}>Change role</Button>}
          title={`Change the role of ${account.name}?`}
          description="Their sessions end at once; they sign in again with the new role."
          confirm="Change the role"
          action={changeRoleAction}
          doneMessage={`The role of ${account.name} is changed.`}
        >
          {id}
          <SelectField
            name="role"
            label="Role"
            choices={insideRoles
              .filter((role) => role !== account.role)
              .map((role) => ({ value: role, label: roleNames[role] }))}
          />
        </ConfirmDialog>
      )}
      {can.issueLink === null && (
        <LinkDialog
          trigger={<Button icon={KeyRound}>New one-time link</Button>}
          title={`Make a new link for ${account.name}?`}
          description={
            account.state === "invited"
              ? "Older links of this invitation end. The new one works for seven days."
              : "With it they choose a new password, for instance when the old one is forgotten. It works for one day; until it is used, nothing changes."
          }
          submit="Make the link"
          action={issueLinkAction}
        >
          {id}
        </LinkDialog>
      )}
      {can.enable === null && (
        <ConfirmDialog
          trigger={<Button icon={CirclePlay}>Enable</Button>}
          title={`Enable the account of ${account.name}?`}
          description="They can sign in again with the password they had."
          confirm="Enable"
          action={enableAction}
          doneMessage={`The account of ${account.name} is enabled.`}
        >
          {id}
        </ConfirmDialog>
      )}
      {can.disable === null && (
        <ConfirmDialog
          trigger={
            <Button variant="danger" icon={Ban}>
              Disable
            </Button>
          }
          title={`Disable the account of ${account.name}?`}
          description="Their sessions end at once, and they cannot sign in. Their name stays in custody. You can enable it again."
          confirm="Disable"
          danger
          action={disableAction}
          doneMessage={`The account of ${account.name} is disabled.`}
        >
          {id}
        </ConfirmDialog>
      )}
      {can.disable !== null && can.enable !== null && (
        <p className="basis-full text-muted text-sm">{reasons.filter((reason) => reason !== null).join(" ")}</p>
      )}
    </div>
  );
}
