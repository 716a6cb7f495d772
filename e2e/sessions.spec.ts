import type { Page } from "@playwright/test";
import { expectSignedIn, invite, signIn, takeUp } from "./support/sign-in.ts";
import { expect, test } from "./support/test.ts";
import { readWorld } from "./support/world.ts";

/** What the page says after an attempt that was refused. */
async function refusal(page: Page): Promise<string> {
  const answered = page.waitForResponse((response) => response.request().method() === "POST");
  await page.getByRole("button", { name: "Sign in" }).click();
  await answered;
  const alert = page.getByRole("main").getByRole("alert");
  await expect(alert).toBeFocused();
  return (await alert.textContent()) ?? "";
}

async function attempt(page: Page, email: string, password: string): Promise<string> {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  return refusal(page);
}

/** One act on an account, in its panel on the page of people. */
async function actOnAccount(admin: Page, name: string, opener: string, confirm: string): Promise<void> {
  await admin.goto("/people");
  await admin.getByRole("link", { name }).click();
  await admin
    .getByRole("complementary", { name: `Account of ${name}` })
    .getByRole("button", { name: opener })
    .click();
  const window = admin.getByRole("dialog");
  await window.getByRole("button", { name: confirm }).click();
  await expect(window).toBeHidden();
  await expect(admin.getByRole("status").filter({ hasText: name })).toBeVisible();
}

async function expectSignedOutByNextClick(page: Page, link: string): Promise<void> {
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: link }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
}

test("a wrong password reads the same whether the account exists or not", async ({ pageOf }) => {
  const page = await pageOf(null);
  await page.goto("/sign-in");
  const known = await attempt(page, readWorld().people.auditor.email, "not the password");
  const unknown = await attempt(page, "nobody.here@turia.example", "not the password");
  expect(known).toBe("The e-mail address or the password is wrong.");
  expect(unknown).toBe(known);
  await expect(page.getByLabel("E-mail address")).toHaveValue("nobody.here@turia.example");
});

test("ten wrong passwords lock the account for a while, and nobody else", async ({ pageOf }) => {
  const page = await pageOf(null);
  const person = await invite(await pageOf("admin"), "Lock Tester");
  await takeUp(await pageOf(null), person.link, person);
  await page.goto("/sign-in");
  await attempt(page, person.email, "guess");
  for (let count = 2; count <= 10; count += 1) expect(await refusal(page)).toContain("is wrong");
  expect(await refusal(page)).toMatch(/^Too many attempts to sign in\. Try again in \d+ minutes?\.$/);
  expect(await attempt(page, person.email, person.password)).toContain("Too many attempts");
  const { auditor } = readWorld().people;
  await signIn(page, auditor.email, auditor.password);
  await expectSignedIn(page, auditor.name);
});

test("an invitation works once, and leads to where the person wanted to go afterwards", async ({ pageOf }) => {
  const admin = await pageOf("admin");
  const person = await invite(admin, "Once Only");
  const page = await pageOf(null);
  await takeUp(page, person.link, person);
  const second = await pageOf(null);
  await second.goto(person.link);
  await expect(second.getByRole("heading", { name: "This link is over" })).toBeVisible();
  await expect(second.getByText("It has been used")).toBeVisible();
  await second.goto("/recordings?state=sealed");
  await expect(second.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await second.getByLabel("E-mail address").fill(person.email);
  await second.getByLabel("Password").fill(person.password);
  await second.getByRole("button", { name: "Sign in" }).click();
  await second.waitForURL("**/recordings?state=sealed");
  await expectSignedIn(second, person.name);
});

test("a disabled account is signed out by its next click, and cannot sign in", async ({ pageOf }) => {
  const admin = await pageOf("admin");
  const person = await invite(admin, "Disabled Soon");
  const page = await pageOf(null);
  await takeUp(page, person.link, person);
  await actOnAccount(admin, person.name, "Disable", "Disable");
  await expectSignedOutByNextClick(page, "Recordings");
  expect(await attempt(page, person.email, person.password)).toBe("The e-mail address or the password is wrong.");
  await actOnAccount(admin, person.name, "Enable", "Enable");
  await signIn(page, person.email, person.password);
  await expectSignedIn(page, person.name);
});

test("a changed role ends the session, and the next one has the new role", async ({ pageOf }) => {
  const admin = await pageOf("admin");
  const person = await invite(admin, "Promoted Soon");
  const page = await pageOf(null);
  await takeUp(page, person.link, person);
  await actOnAccount(admin, person.name, "Change role", "Change the role");
  await expectSignedOutByNextClick(page, "Requests");
  await signIn(page, person.email, person.password);
  await expect(page.getByRole("button", { name: `${person.name} Auditor` })).toBeVisible();
});

test("signing out ends the session on this machine, also behind the back button", async ({ pageOf }) => {
  const { judge } = readWorld().people;
  const page = await pageOf(null);
  await signIn(page, judge.email, judge.password);
  await expectSignedIn(page, judge.name);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "My requests" }).click();
  await expect(page.getByRole("heading", { name: "My requests" })).toBeVisible();
  await page.getByRole("button", { name: judge.name }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.goto("/requests");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});
