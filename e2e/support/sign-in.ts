import { expect, type Page } from "@playwright/test";

/** Fills the sign-in page and sends it. */
export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Waits for the frame of the pages that only people who are signed in see, with their name in it. */
export async function expectSignedIn(page: Page, name: string): Promise<void> {
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  await expect(page.getByRole("button", { name })).toBeVisible();
}

/** Chooses a first password on the page of a one-time link, which signs in. */
export async function takeUp(page: Page, link: string, person: { name: string; password: string }): Promise<void> {
  await page.goto(link);
  await expect(page.getByRole("heading", { name: `Welcome, ${person.name}` })).toBeVisible();
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByLabel("The same password again").fill(person.password);
  await page.getByRole("button", { name: "Take up the account" }).click();
  await expectSignedIn(page, person.name);
}

/** A person whom an administrator invited in the browser, with the one-time link that was shown. */
export type Invited = { name: string; email: string; password: string; link: string };

/** Invites somebody on the page of people, into the first organisation that fits the role. */
export async function invite(admin: Page, name: string, role = "Officer"): Promise<Invited> {
  const email = `${name
    .normalize("NFD")
    .replaceAll(/[^a-z]/gi, "")
    .toLowerCase()}@turia.example`;
  await admin.goto("/people");
  await admin.getByRole("button", { name: "Invite a person" }).click();
  const window = admin.getByRole("dialog");
  await window.getByLabel("Name", { exact: true }).fill(name);
  await window.getByLabel("E-mail address").fill(email);
  await window.getByRole("radio", { name: new RegExp(`^${role}`) }).check();
  await window.getByRole("button", { name: "Invite" }).click();
  const link = (await window.getByText(/\/invite\//).textContent()) ?? "";
  await window.getByRole("button", { name: "I have copied it" }).click();
  return { name, email, password: `copper-${name.length}-willow-lantern-4171`, link };
}
