import type { Metadata } from "next";
import { KeyTable } from "@/components/settings/key-table";
import { LookChoices } from "@/components/settings/look-choices";
import { PasswordForm } from "@/components/settings/password-form";
import { SettingList } from "@/components/settings/setting-list";
import { AddSite, SiteTable } from "@/components/settings/site-table";
import { Card } from "@/components/ui/card";
import { IdText } from "@/components/ui/digest";
import { Facts } from "@/components/ui/facts";
import { PageBody, PageHeader } from "@/components/ui/page-header";
import { roleNames } from "@/components/ui/states";
import { listSites } from "@/lib/devices/index.ts";
import { listSigningKeys } from "@/lib/keys/index.ts";
import { minPasswordLength, roleMay } from "@/lib/people/index.ts";
import { getSettings, listSettings } from "@/lib/settings/index.ts";
import { type PersonContext, requireContext } from "../../_server/context";
import { addSiteAction, changePasswordAction, changeSettingAction, changeSiteAction, rotateKeyAction } from "./actions";

export const metadata: Metadata = { title: "Settings" };

export default async function SettingsPage() {
  const ctx = await requireContext();
  const { role, name, email, organisationName, accountId } = ctx.actor;
  return (
    <>
      <PageHeader title="Settings" />
      <PageBody>
        <div className="grid items-start gap-3.5 xl:grid-cols-2">
          <Card title="Your account">
            <Facts
              facts={[
                { label: "Name", value: name },
                { label: "E-mail", value: email },
                { label: "Role", value: roleNames[role] },
                { label: "Organisation", value: organisationName },
                { label: "Account", value: <IdText id={accountId} /> },
              ]}
            />
            <h3 className="mt-5 mb-3 font-semibold text-md">In this browser</h3>
            <LookChoices />
          </Card>
          <Card title="Your password">
            <PasswordForm email={email} minLength={minPasswordLength} action={changePasswordAction} />
          </Card>
        </div>
        {roleMay(role, "settings.read") && <Archive ctx={ctx} />}
        {roleMay(role, "settings.read") && <Sites ctx={ctx} />}
        {roleMay(role, "keys.list") && <Keys ctx={ctx} />}
      </PageBody>
    </>
  );
}

async function Archive({ ctx }: { ctx: PersonContext }) {
  const settings = await listSettings(ctx);
  return (
    <Card title="The archive" note="For everyone, from the next use on">
      <SettingList
        settings={settings}
        action={roleMay(ctx.actor.role, "settings.change") ? changeSettingAction : null}
      />
    </Card>
  );
}

async function Keys({ ctx }: { ctx: PersonContext }) {
  const rotate = roleMay(ctx.actor.role, "keys.rotate") ? rotateKeyAction : null;
  return (
    <Card title="Signing keys" note="Public, at /.well-known/jwks.json">
      <KeyTable rows={await listSigningKeys(ctx)} rotate={rotate} />
    </Card>
  );
}

async function Sites({ ctx }: { ctx: PersonContext }) {
  const [sites, { siteTimeZone }] = await Promise.all([listSites(ctx), getSettings(ctx.db)]);
  const mayChange = roleMay(ctx.actor.role, "sites.change");
  return (
    <Card title="Sites" aside={mayChange && <AddSite timeZone={siteTimeZone} action={addSiteAction} />}>
      {sites.length === 0 ? (
        <p className="text-muted text-sm">No site yet. A site is a place that devices stand at.</p>
      ) : (
        <SiteTable rows={sites} change={mayChange ? changeSiteAction : null} />
      )}
    </Card>
  );
}
