import type { Command } from "commander";
import type { OrganisationKind, Role } from "../../generated/prisma/client.ts";
import type { Context } from "../../lib/context.ts";
import { AppError } from "../../lib/errors.ts";
import {
  type AccountRow,
  addOrganisation,
  type IssuedLink,
  inviteAccount,
  issueLink,
  listAccounts,
  listOrganisations,
} from "../../lib/people/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print, table, utc } from "../output.ts";

type AddOptions = OutputOptions & {
  email: string;
  name: string;
  role: Role;
  organisation?: string;
  organisationKind?: OrganisationKind;
  badge?: string;
};

/** Adds `user add`, `user link` and `user list`. */
export function addUserCommands(program: Command): void {
  const user = program.command("user").description("people: invite, send a new link, list");
  user
    .command("add")
    .description(
      "Invite a person, and print the one-time link with which they set a password. It works for seven days.",
    )
    .requiredOption("--email <address>", "login name")
    .requiredOption("--name <name>", "as shown to others")
    .requiredOption("--role <role>", "admin, officer, requester or auditor")
    .option("--organisation <name>", "who they act for; added when there is none of this name (default: the operator)")
    .option("--organisation-kind <kind>", "of a new one: operator, police, prosecution, court, insurer, data_subject")
    .option("--badge <text>", "badge or identity number")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      '\nExample: strongroom user add --email ana@policia.example --name "Ana Ruiz" --role requester \\\n' +
        '           --organisation "Policía Nacional" --organisation-kind police',
    )
    .action((options: AddOptions) =>
      withArchive("user add", async (ctx, { env }) => {
        const organisationId = await organisationOf(ctx, options);
        const { email, name, role, badge } = options;
        const link = await inviteAccount(ctx, { email, name, role, organisationId, badge: badge ?? null });
        printLink(options, link, env.publicUrl);
      }),
    );
  user
    .command("link <email>")
    .description("Print a new one-time link for an account: to take it up, or to replace a forgotten password.")
    .option("--json", "print one JSON object")
    .action((email: string, options: OutputOptions) =>
      withArchive("user link", async (ctx, { env }) => {
        const wanted = email.trim().toLowerCase();
        const account = (await listAccounts(ctx)).find((row) => row.email === wanted);
        if (account === undefined) throw new AppError("not_found", `Nobody has the address ${wanted}.`);
        printLink(options, await issueLink(ctx, account.id), env.publicUrl);
      }),
    );
  user
    .command("list")
    .description("List all accounts.")
    .option("--json", "print one JSON array")
    .action((options: OutputOptions) =>
      withArchive("user list", async (ctx) => {
        const accounts = await listAccounts(ctx);
        print(options, accounts, table(["ID", "E-MAIL", "NAME", "ROLE", "STATE", "LAST LOGIN"], accounts.map(cells)));
      }),
    );
}

function cells(row: AccountRow): string[] {
  return [row.id, row.email, row.name, row.role, row.state, utc(row.lastLoginAt)];
}

function printLink(options: OutputOptions, link: IssuedLink, publicUrl: string): void {
  const url = `${publicUrl}/invite/${link.secret}`;
  print(options, { id: link.accountId, url, expiresAt: link.expiresAt }, [
    url,
    `Works once, until ${utc(link.expiresAt)}. Whoever has it can take the account: send it to nobody else.`,
  ]);
}

async function organisationOf(ctx: Context, options: AddOptions): Promise<string> {
  const all = await listOrganisations(ctx);
  if (options.organisation === undefined) {
    const operators = all.filter((organisation) => organisation.kind === "operator");
    const [operator] = operators;
    if (options.role !== "requester" && operators.length === 1 && operator !== undefined) return operator.id;
    throw new AppError("invalid_input", "Say who they act for: --organisation NAME.");
  }
  const wanted = options.organisation.trim();
  const known = all.find((organisation) => organisation.name === wanted);
  if (known !== undefined) return known.id;
  const kind = options.organisationKind ?? (options.role === "requester" ? undefined : "operator");
  if (kind === undefined)
    throw new AppError("invalid_input", `There is no ${wanted} yet: say what it is with --organisation-kind.`);
  return (await addOrganisation(ctx, { name: wanted, kind })).id;
}
