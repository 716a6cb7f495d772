import { Building2, UserPlus } from "lucide-react";
import type { Metadata } from "next";
import { InviteFields } from "@/components/people/invite-fields";
import { LinkDialog } from "@/components/people/link-dialog";
import { organisationKinds } from "@/components/people/organisation-kinds";
import { OrganisationTable, PeopleTable } from "@/components/people/people-table";
import { Button } from "@/components/ui/button";
import { SelectField } from "@/components/ui/choice";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { TextField } from "@/components/ui/field";
import { PageHeader, Toolbar } from "@/components/ui/page-header";
import { Split } from "@/components/ui/panel";
import { LinkTabs } from "@/components/ui/tabs";
import { listAccounts, listOrganisations, roleMay } from "@/lib/people/index.ts";
import { requireContext } from "../../_server/context";
import { orNotFound } from "../../_server/or-not-found";
import { AccountPanel } from "./account-panel";
import { addOrganisationAction, inviteAction } from "./actions";

export const metadata: Metadata = { title: "People" };

type PageProps = { searchParams: Promise<{ selected?: string | string[]; view?: string | string[] }> };

export default async function PeoplePage({ searchParams }: PageProps) {
  const ctx = await requireContext();
  const { selected, view } = await searchParams;
  const accounts = await orNotFound(listAccounts(ctx));
  const organisations = await listOrganisations(ctx);
  const chosen = accounts.find(({ id }) => id === selected);
  const isPeople = view !== "organisations";
  const tabs = [
    { href: "/people", label: "People", count: accounts.length, isCurrent: isPeople },
    {
      href: "/people?view=organisations",
      label: "Organisations",
      count: organisations.length,
      isCurrent: !isPeople,
    },
  ];
  return (
    <>
      <PageHeader title="People">
        {roleMay(ctx.actor.role, "organisations.create") && <AddOrganisation />}
        {roleMay(ctx.actor.role, "people.invite") && (
          <LinkDialog
            trigger={
              <Button variant="primary" icon={UserPlus}>
                Invite a person
              </Button>
            }
            title="Invite a person"
            description="You get a one-time link to send them. With it they choose their password."
            submit="Invite"
            action={inviteAction}
          >
            <InviteFields organisations={organisations} />
          </LinkDialog>
        )}
      </PageHeader>
      <Toolbar>
        <LinkTabs label="People and organisations" tabs={tabs} />
      </Toolbar>
      <Split panel={isPeople && chosen && <AccountPanel account={chosen} closeHref="/people" />}>
        {isPeople ? (
          <PeopleTable rows={accounts} rowHref={(row) => `/people?selected=${row.id}`} selected={chosen?.id} />
        ) : (
          <OrganisationTable rows={organisations} />
        )}
      </Split>
    </>
  );
}

function AddOrganisation() {
  return (
    <ConfirmDialog
      trigger={<Button icon={Building2}>Add an organisation</Button>}
      title="Add an organisation"
      description="Its kind decides on which legal bases its people may ask. It cannot be changed later."
      confirm="Add"
      action={addOrganisationAction}
      doneMessage="The organisation is added."
    >
      <TextField name="name" label="Name" hint="As in Policía Nacional, Madrid Centro" maxLength={200} />
      <SelectField
        name="kind"
        label="Kind"
        defaultValue="police"
        choices={Object.entries(organisationKinds).map(([value, label]) => ({ value, label }))}
      />
    </ConfirmDialog>
  );
}
